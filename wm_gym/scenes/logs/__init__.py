"""Posed RGB-D logs of other programs as captures: TUM RGB-D, nerfstudio, COLMAP, ScanNet.

Knows nothing of how frames are made.
"""
