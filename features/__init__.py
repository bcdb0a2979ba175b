"""Facts about a customer as of a date, written once."""
