"""What an inpainter learns from and by: frames of which memory knows a part, losses, a discriminator, scores."""
