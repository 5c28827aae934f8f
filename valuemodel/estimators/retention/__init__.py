"""Retention under contract: how many of a cohort are still there after each renewal."""
