"""What the video model learns from and by: batches, losses, scores."""
