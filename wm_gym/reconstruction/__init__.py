"""Depth and moving masks blended with hints, a depth prior, and point clouds for Open3D and PLY files.

Knows nothing of tasks.
"""
