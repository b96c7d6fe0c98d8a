"""Training of the appearance network on pairs of the twin's frames with and without events."""
