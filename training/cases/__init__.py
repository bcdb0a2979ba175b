"""Cases to learn from and to be judged by: cohorts, labels, features, splits."""
