"""The 4D memory: static points once, moving points by time, sky, erasure, retrieval and z-buffer rendering.

Knows nothing of models or text.
"""
