"""Families and difficulties of the places that the simulator builds: those of plans, the first half of a name."""

from wm_gym.plans import DIFFICULTIES, FAMILIES

__all__ = ["DIFFICULTIES", "FAMILIES", "PLAIN_FAMILIES"]

PLAIN_FAMILIES = FAMILIES[:-1]
"""Those whose places are of one category throughout."""
