"""How stated probabilities did: figures, intervals, reliability, directions."""
