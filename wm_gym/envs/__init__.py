"""Worlds as Gymnasium environments: spaces, tasks, one world or many.

Knows nothing of learners.
"""
