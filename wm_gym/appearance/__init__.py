"""Light, weather and things that glow, on the clean frames of a generated world, by a network trained on the twin.

What is written here by hand is motion and chance: where flakes hang, when lightning strikes. How it looks is learned.
"""
