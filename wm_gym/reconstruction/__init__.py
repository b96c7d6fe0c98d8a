"""Frames to depth and moving masks, blended with what memory knows; point clouds for Open3D and PLY files.

Knows nothing of tasks.
"""
