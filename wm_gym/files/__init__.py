"""Files that are written whole or not at all, tensors with checksums, and videos. Knows nothing of what is written."""
