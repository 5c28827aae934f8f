"""What a prediction leans on, in money and percentage points, and in words."""
