"""Scripted policies that move a body the way people look at scenes: one twist per step, from body poses and a seed.

They know nothing of how the world is made, so they work in any world.
"""

from wm_gym.train_world.policies.ground import Ground
from wm_gym.train_world.policies.policy import CONTROLLERS, POLICIES, SHARES, WATCHING_SHARES, ScriptedPolicy

__all__ = ["CONTROLLERS", "POLICIES", "SHARES", "WATCHING_SHARES", "Ground", "ScriptedPolicy"]
