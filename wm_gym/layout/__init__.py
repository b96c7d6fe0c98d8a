"""Places imagined in plan: cells of half a metre, the network that continues them, their surfaces and textures.

This is TeleWorld's macro planning before the frames (section 3.2): where memory knows nothing, what stands there is
decided in plan, and frames follow. Knows nothing of the backend that comes next.
"""
