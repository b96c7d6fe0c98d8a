"""Walks on disk: recorded, generated again and compared frame by frame. Knows nothing of learners."""
