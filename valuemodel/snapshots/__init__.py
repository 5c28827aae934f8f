"""What was known when: visible rows, orders, population."""
