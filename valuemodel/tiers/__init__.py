"""From stored predictions to tiers; reads tables, never a model."""
