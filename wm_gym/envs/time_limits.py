"""Lets Gymnasium's `TimeLimit` count what the state counts, so that it follows a snapshot back and forward.

`gymnasium.make` puts a `TimeLimit` around a world, which counts calls; a world that is set to a snapshot cannot tell it
so, since a wrapper knows its environment and not the other way round. An additional wrapper of the registered id would
know both, but Gymnasium makes no vector environment of an id that has any. So the world looks, while it is called, for
the limit that the call came through.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any

import gymnasium as gym
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, TimeLimit

_CALLS = {TimeLimit.step.__code__, TimeLimit.reset.__code__}


def count_as(env: gym.Env[Any, Any], steps: int, caller: FrameType | None) -> None:
    """Set the count of the time limits through which a world is being called.

    Limits around wrappers of other kinds are left alone: they may count something else, such as chunks of actions.

    Args:
        env: The world.
        steps: Steps of its episode before this call.
        caller: The frame of the world's method.
    """
    for limit in _limits(caller):
        if _stands_right_over(limit, env):
            limit._elapsed_steps = steps


def _limits(frame: FrameType | None) -> Iterator[TimeLimit[Any, Any]]:
    while frame is not None:
        if frame.f_code in _CALLS:
            yield frame.f_locals["self"]
        frame = frame.f_back


def _stands_right_over(limit: TimeLimit[Any, Any], env: gym.Env[Any, Any]) -> bool:
    inner: gym.Env[Any, Any] = limit
    while isinstance(inner, TimeLimit | OrderEnforcing | PassiveEnvChecker):
        inner = inner.env
    return inner is env
