"""What memory does not show, decided before a chunk is generated: retrieved scenes, an inpainter, holes and sky.

Knows nothing of the backend that comes next.
"""
