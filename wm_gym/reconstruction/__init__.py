"""Frames to depth, moving masks, poses and scale; fusion and export.

Knows nothing of what the memory keeps.
"""
