"""Poses, cameras, rays and the body's motion. Pure functions on tensors; knows nothing of memory or models."""
