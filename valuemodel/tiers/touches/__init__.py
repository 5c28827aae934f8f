"""Touches: in which order accounts are touched, what was planned and done, what is due (S31-S40, S46)."""
