"""Who serves which accounts, whether that can work, and what people are credited with."""
