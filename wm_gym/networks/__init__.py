"""What networks of several rooms share: arithmetic of their own, attention, batch-invariant products, weights files.

Knows nothing of what a network is for.
"""
