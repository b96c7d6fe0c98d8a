"""The data engine: clips recorded in the twin, datasets of them, and training samples made from them."""
