"""What places there are: families of them, and how hard they are to learn. A simulator builds them."""

FAMILIES = ("rooms", "city", "courtyard", "park", "warehouse")
"""What a place is, as the first half of its name says: "city/9" is the ninth city."""

DIFFICULTIES = ("simple", "medium", "full")
"""How rich a place is in materials, clutter and life."""
