"""What the depth network is trained on, its loss and its figures."""
