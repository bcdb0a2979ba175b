"""Where facts about a customer come from that are not in the ledger: credit bureaus, and ERPs that are asked."""
