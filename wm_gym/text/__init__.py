"""Sentences to vectors. Knows nothing of events."""
