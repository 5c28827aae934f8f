"""What was known of an account at a cutoff, as Ibis expressions written once for every engine."""
