"""Training of world models: a data engine with scripted policies, one trainer, and recipes as rows.

Knows nothing of Gymnasium.
"""
