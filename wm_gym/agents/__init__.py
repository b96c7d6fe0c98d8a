"""Policies: learners, action agents that read images, planners, scripted explorers.

Knows nothing of how a world is made.
"""
