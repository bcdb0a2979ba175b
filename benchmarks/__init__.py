"""Measurements beside peers; nothing imports them."""
