"""Completion of the hints before a chunk is generated: retrieved scenes, sky, thin holes and an inpainter.

Knows nothing of the backend that comes next.
"""
