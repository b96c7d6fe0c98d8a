"""Clips of environments that are not ours: what they show, where their camera is, and how they are moved."""
