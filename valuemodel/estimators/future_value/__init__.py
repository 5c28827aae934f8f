"""Future value: a blend of members, weighed out of time."""
