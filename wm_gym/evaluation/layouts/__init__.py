"""How imagined plans compare with real ones."""
