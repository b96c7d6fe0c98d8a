"""What tile networks learn from: pieces of the drawings that the twin's places are painted with."""
