"""Training of the video model: batches, losses, scores."""
