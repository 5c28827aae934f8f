"""What each customer account will be worth, how likely it is to leave, and which tier it deserves."""

__version__ = "0.1.0"
