"""Churn by contract: a hazard that starts at a law of renewals."""
