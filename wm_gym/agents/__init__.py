"""Who acts in a world: scripted explorers and tours, and worlds for Stable-Baselines3.

Knows nothing of how a world is made.
"""
