"""Policies that learn by reinforcement: how they see, learners of Stable-Baselines3, training, and trained policies."""
