"""Training of a learned codec: clips, initialisation, losses, scores."""
