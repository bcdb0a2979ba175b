"""`o2c-risk …`: parse, call, print, exit code."""
