"""How far what comes may lie from what was predicted."""
