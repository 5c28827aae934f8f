"""Churn by inactivity: silence, put together step by step."""
