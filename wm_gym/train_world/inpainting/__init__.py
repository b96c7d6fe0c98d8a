"""Training of an inpainter: frames of which memory knows a part, losses, a discriminator, scores."""
