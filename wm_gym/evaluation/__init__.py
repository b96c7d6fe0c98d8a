"""Fidelity to the twin, scores of generated worlds, a realism classifier, and pictures of all that.

Knows nothing of how agents learn.
"""
