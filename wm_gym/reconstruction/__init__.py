"""Depth and moving masks blended with what memory knows, a guess of depth, point clouds for Open3D and PLY files.

Knows nothing of tasks.
"""
