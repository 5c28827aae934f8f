"""The search for a better definition, inside the training span."""
