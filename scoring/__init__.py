"""What a released model is, and the one runtime with which all who score do so."""
