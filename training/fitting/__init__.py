"""Growing trees, calibrating them, and bringing both together into a model."""
