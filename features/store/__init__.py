"""The Feast side of the features: definitions, training sets, online reads and writes."""
