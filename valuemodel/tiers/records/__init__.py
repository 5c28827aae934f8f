"""What is written down about one account: five blocks, its play, and a page to prepare with."""
