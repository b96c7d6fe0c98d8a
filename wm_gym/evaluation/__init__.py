"""Fidelity to the twin, event suites, world scores and their reports.

Knows nothing of how agents learn.
"""
