"""Real time: the world goes on while the agent thinks, as it would for a body in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.wrappers.utils import create_zero_array

from wm_gym.envs.checking import read_rate


class RealTime(gym.Wrapper, RecordConstructorArgs):
    """Before each action come as many steps of standing still as would have passed since the last observation.

    Seconds of thought times frames per second, over the frames of a step, are steps; what is left over counts for the
    next thought. The time that the world itself needs to make its frames does not count. The reward is the sum over
    all these steps, `info["missed_steps"]` how many passed in thought. An episode that ends in thought ends without
    the action: `info["action_taken"]` is False. Where the environment gives `info["frames"]`, they are those of all
    the steps.

    Args:
        env: One world, whose action of zeros is to stand still.
        fps: Frames of world time per second; None for `metadata["video_fps"]`.
        clock: Seconds, always going up; None for `time.perf_counter`. A test gives its own.

    Raises:
        ValueError: If fps is not positive, or None where the metadata has none.
    """

    def __init__(self, env: gym.Env, fps: float | None = None, clock: Callable[[], float] | None = None) -> None:
        RecordConstructorArgs.__init__(self, fps=fps, clock=clock)
        gym.Wrapper.__init__(self, env)
        rate = read_rate(env.metadata.get("video_fps") if fps is None else fps)
        self._steps_per_second = rate / env.metadata.get("frames_per_step", 1)
        self._clock = time.perf_counter if clock is None else clock
        self._still = create_zero_array(env.action_space)
        self._owed, self._shown_at = 0.0, 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's; the clock starts when it returns, and no action was taken yet."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._owed, self._shown_at = 0.0, self._clock()
        return observation, {**info, "missed_steps": 0, "action_taken": False}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """The steps that passed in thought, then the action."""
        self._owed += (self._clock() - self._shown_at) * self._steps_per_second
        missed = int(self._owed)
        self._owed -= missed
        total, frames, done = 0.0, [], 0
        observation, terminated, truncated, info = None, False, False, {}
        while done <= missed and not (terminated or truncated):
            chosen = action if done == missed else self._still
            observation, reward, terminated, truncated, info = self.env.step(chosen)
            total += float(reward)
            frames.append(info.get("frames"))
            done += 1
        taken = done > missed
        info = {**info, "missed_steps": done - taken, "action_taken": taken}
        if frames[0] is not None:
            info["frames"] = np.concatenate(frames)
        self._shown_at = self._clock()
        return observation, total, terminated, truncated, info
