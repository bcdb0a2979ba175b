"""What a default costs: loss given default and exposure at default, estimated where the book tells, else declared."""
