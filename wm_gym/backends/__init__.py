"""What implements `WorldModel`: the twin, the memory alone, the video model.

Knows nothing of tasks, rewards or Gymnasium.
"""
