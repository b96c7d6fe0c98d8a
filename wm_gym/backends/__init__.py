"""The seam (`WorldModel`) and everything behind it: the twin, the memory alone, video models, remote ones.

Knows nothing of tasks, rewards or Gymnasium.
"""
