"""What a learned codec learns from and by: clips, losses, scores."""
