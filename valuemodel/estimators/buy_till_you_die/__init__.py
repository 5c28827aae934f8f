"""Buy till you die: purchase histories as a chance of buying and a chance of leaving, unobserved."""
