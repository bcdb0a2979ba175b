"""Distress from financial statements: for a new customer who has a statement and no payment history yet."""
