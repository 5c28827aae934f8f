"""What any learned model must beat, and what stands in for it."""
