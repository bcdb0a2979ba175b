"""What a receivables table is, where it comes from and where it is kept."""
