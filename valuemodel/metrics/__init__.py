"""Pure functions of arrays and dates: value, churn, splits."""
