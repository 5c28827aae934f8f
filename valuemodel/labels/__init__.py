"""What happened after a cutoff: value and churn. Never imports features."""
