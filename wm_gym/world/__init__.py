"""The loop of generation, reconstruction and guidance, over one explicit state that forks, saves and replays.

Knows nothing of tasks or Gymnasium.
"""
