"""Presets of settings for `gymnasium.make(id, **settings)` and `make_vec`. Imports nothing heavy."""

from __future__ import annotations

from typing import Any

DEFAULT: dict[str, Any] = {}
"""The defaults of the environments: frames of 48 x 64, with depth in metres and the pose."""

EYES: dict[str, Any] = {"backend": "detailed", "resolution": (192, 256), "finer": 1}
"""Frames of 192 x 256, for people and vision-language models: memory, plans and entities at that size, the video model
at its own."""

RL: dict[str, Any] = {"resolution": (36, 48), "finer": 1, "plan_ahead_metres": 10.0, "obs_mode": "sb3"}
"""Frames of 36 x 48, the smallest that the usual convolutions take, with a faster model, a smaller memory, and plans
that are drawn only where a body comes near.

Observations are images and vectors as Stable-Baselines3 accepts them.
"""
