"""From recordings to a world model: behaviours that record, stages of training, distillation.

Knows nothing of Gymnasium.
"""
