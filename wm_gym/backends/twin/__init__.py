"""The twin: procedural places in a game engine, with exact geometry, depth, masks, poses and events.

Kept light: the engine's worker processes import this package and must not pull in torch.
"""
