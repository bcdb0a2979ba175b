"""Credit policy: pure arithmetic and rules, with no framework in it."""
