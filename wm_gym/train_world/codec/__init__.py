"""Training of a streaming codec: clips, initialisation, losses, scores."""
