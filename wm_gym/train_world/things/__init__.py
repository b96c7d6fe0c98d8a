"""Training of the network that draws people, fires and objects, on crops of the twin's frames."""
