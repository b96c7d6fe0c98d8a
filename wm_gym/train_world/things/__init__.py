"""Training of the network that draws people and fires, on crops of the twin's frames."""
