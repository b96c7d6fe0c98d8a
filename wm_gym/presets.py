"""Settings that go well together, for `gymnasium.make(id, **settings)` and `make_vec`. Imports nothing heavy."""

from __future__ import annotations

from typing import Any

DEFAULT: dict[str, Any] = {}
"""Frames of 48 x 64, with depth in metres and the pose: what the environments give by themselves."""

RL: dict[str, Any] = {"resolution": (36, 48), "finer": 1, "obs_mode": "sb3"}
"""The smallest frames that usual convolutions take, by a faster model and a smaller memory.

Observations are images and vectors that learners accept.
"""
