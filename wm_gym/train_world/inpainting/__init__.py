"""Training of an inpainter: frames of which memory shows a part, losses, a discriminator, scores."""
