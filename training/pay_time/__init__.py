"""Learning when an invoice will be paid, at its issue and on any later day on which it is still open."""
