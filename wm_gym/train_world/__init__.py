"""From recordings to a world model: the data engine, scripted policies, one trainer and its recipes.

Knows nothing of Gymnasium.
"""
