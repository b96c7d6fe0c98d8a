"""Families and difficulties of the places that the simulator builds."""

FAMILIES = ("rooms", "city", "courtyard", "park", "warehouse", "joined")
"""Categories of places, the first half of a name: "city/9" is the city with number 9.

A "joined" place leads from one category into another."""

PLAIN_FAMILIES = FAMILIES[:-1]
"""Those whose places are of one category throughout."""

DIFFICULTIES = ("simple", "medium", "full")
"""Richness of a place in materials, clutter and moving objects, and with it how hard it is to learn."""
