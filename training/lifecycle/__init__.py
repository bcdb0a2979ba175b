"""The registry and what is done with it: register, compare, promote, roll back; gates and cards."""
