"""Labels beside the tier: class, layer, grade, life-cycle state, cohort (S22, S53-S56)."""
