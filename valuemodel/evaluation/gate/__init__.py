"""The promotion gate, and the proof that luck does not pass it."""
