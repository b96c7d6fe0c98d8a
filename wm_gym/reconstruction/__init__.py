"""Frames to depth and moving masks, blended with the hints of memory; point clouds for Open3D and PLY files.

Knows nothing of tasks.
"""
