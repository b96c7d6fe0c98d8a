"""Things that events add to generated worlds: values with a place, a heading and looks, and how they are drawn.

Where a thing stands and which way it goes is motion and chance, written here by hand; what it looks like is learned.
"""
