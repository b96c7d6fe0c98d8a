"""Pure policies that walk a body the way people look at places: a twist per step, from stance, bumps and a seed.

They know nothing of how the world is made, so they walk in any world.
"""

from wm_gym.train_world.behaviours.behaviour import BEHAVIOURS, HANDS, SHARES, WATCHING_SHARES, Behaviour
from wm_gym.train_world.behaviours.ground import Ground

__all__ = ["BEHAVIOURS", "HANDS", "SHARES", "WATCHING_SHARES", "Behaviour", "Ground"]
