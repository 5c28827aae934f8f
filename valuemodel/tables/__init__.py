"""What the tables are: schemas, validation, cleaning, and the synthetic world."""
