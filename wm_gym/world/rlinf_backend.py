"""Worlds as RLinf's `WorldModelBackend`: RLinf keeps episodes and rewards, and frames come from here.

Source: RLinf/RLinf, `rlinf/envs/world_model/backend.py` at 205de3d (which hands the condition frames to `generate`) and
`world_model_env.py` at 06b4cf4 (where sessions keep them, and are opened with actions); this takes both. RLinf's
`WorldModelEnv` calls `open_session` for the slots that begin, `generate` for an action chunk, and reads `chunk`,
`condition_frame_length` and `image_size`. A subclass of it gives one of these from its `_build_backend`.

RLinf is not needed here: the protocol is one of methods. Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.registry import load_backend
from wm_gym.scenes.images import open_picture
from wm_gym.scenes.named import open_named
from wm_gym.scenes.openings import opening_for
from wm_gym.world.state import WorldState
from wm_gym.world.world import World

FrameQueue = Sequence[Sequence[Tensor]]
ACTION_DIM = 4


class RlinfBackend:
    """Advances a world for each of RLinf's environment slots; a frame for each action, the last of its step.

    Attributes:
        chunk: Actions, and frames, of one call of `generate`.
        condition_frame_length: Frames that a session opens on.
        image_size: Rows and columns of a frame.
    """

    def __init__(
        self,
        height: int,
        width: int,
        *,
        chunk: int = 8,
        condition_frame_length: int = 1,
        backend: str = "video",
        backend_settings: Mapping[str, Any] | None = None,
        worlds: Sequence[str] = (),
        difficulty: str = "full",
    ) -> None:
        """Load a backend; no session is open.

        Args:
            height: Rows of a frame.
            width: Columns.
            chunk: Actions of one call.
            condition_frame_length: Frames that RLinf's data set gives a session; the last one is opened on.
            backend: Who makes the frames.
            backend_settings: Its own.
            worlds: Names of places that sessions open on, by the number of their task; empty for RLinf's own frames,
                whose depth is assumed.
            difficulty: Of those places.

        Raises:
            ValueError: If a setting is none.
        """
        for name, value in (("chunk", chunk), ("condition_frame_length", condition_frame_length)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.chunk, self.condition_frame_length, self.image_size = chunk, condition_frame_length, (height, width)
        self._world = World(load_backend(backend, height, width, **backend_settings or {}))
        self._worlds, self._difficulty = tuple(worlds), difficulty
        self._sessions: dict[int, WorldState] = {}

    def open_session(
        self,
        env_ids: Sequence[int],
        init_frames: FrameQueue,
        task_ids: Sequence[Any] = (),
        seeds: Sequence[int] = (),
        init_actions: Tensor | None = None,
    ) -> None:
        """Open a world for each slot.

        Args:
            env_ids: Slots.
            init_frames: For each its condition frames, (3, 1, H, W) in -1..1.
            task_ids: For each the number of its task, which chooses among `worlds`.
            seeds: For each the seed of its world; 0 where there are none.
            init_actions: What led to the condition frames; a world begins at rest, so they are not read.

        Raises:
            ValueError: If a slot has no frames, or they are none that a world opens on.
        """
        slots = [int(slot) for slot in env_ids]
        given = [int(seed) for seed in seeds] or [0] * len(slots)
        tasks = list(task_ids) or [0] * len(slots)
        openings = [self._opening(*one) for one in zip(init_frames, tasks, given, strict=True)]
        state, _ = self._world.start(openings, given)
        self._keep(slots, state)

    def generate(self, env_ids: Sequence[int], actions: Tensor | np.ndarray, condition: Any = None) -> Tensor:
        """Advance by one action chunk.

        Args:
            env_ids: N slots, in the order of the rows.
            actions: (N, chunk, 4) forward, left, yaw, pitch as shares -1..1 of the body's top speeds, each held for one
                step of the world.
            condition: Condition frames, where RLinf hands them over; worlds keep their own past, so they are not read.

        Returns:
            (N, 3, chunk, H, W) float32 in -1..1.

        Raises:
            ValueError: If actions are of another shape or beyond -1..1.
            RuntimeError: If a slot has no session.
        """
        slots = [int(slot) for slot in env_ids]
        twists = self._checked(actions, len(slots))
        missing = [slot for slot in slots if slot not in self._sessions]
        if missing:
            raise RuntimeError(f"slots must have a session, got none for {missing}")
        state, frames = self._world.cat([self._sessions[slot] for slot in slots]), []
        for number in range(self.chunk):
            held = np.repeat(twists[:, number, None], self._world.spec.frames_per_step, axis=1)
            state, outcome = self._world.step(state, held)
            frames.append(outcome.chunk.frames[:, -1])
        self._keep(slots, state)
        # (N, T, H, W, 3) -> (N, 3, T, H, W)
        return torch.stack(frames, 1).cpu().permute(0, 4, 1, 2, 3).float() / 127.5 - 1

    def close_session(self, env_ids: Sequence[int]) -> None:
        """Forget the worlds of slots; those without one are passed over."""
        for slot in env_ids:
            self._sessions.pop(int(slot), None)

    def offload(self) -> None:
        """Nothing moves: weights stay where the backend computes."""

    def onload(self) -> None:
        """Nothing was moved."""

    def close(self) -> None:
        """Free the backend."""
        self._sessions.clear()
        self._world.close()

    def _keep(self, slots: Sequence[int], state: WorldState) -> None:
        for row, slot in enumerate(slots):
            self._sessions[slot] = self._world.select(state, [row])

    def _opening(self, frames: Sequence[Tensor], task: Any, seed: int) -> Any:
        spec = self._world.spec
        if self._worlds:
            return open_named(spec, self._worlds[int(task) % len(self._worlds)], seed, self._difficulty)
        if not frames:
            raise ValueError("init_frames must hold at least one frame for each slot, got none")
        return opening_for(spec, open_picture(picture_of(frames[-1]), spec.height, spec.width))

    def _checked(self, actions: Tensor | np.ndarray, count: int) -> np.ndarray:
        twists = torch.as_tensor(actions).detach().cpu().double().numpy()
        if twists.shape != (count, self.chunk, ACTION_DIM):
            raise ValueError(f"actions must have shape {(count, self.chunk, ACTION_DIM)}, got {twists.shape}")
        if not (np.abs(twists) <= 1).all():
            raise ValueError(f"actions must be from -1 to 1, got {twists.min():.3g} to {twists.max():.3g}")
        return twists


def picture_of(frame: Tensor) -> np.ndarray:
    """RLinf's frame (3, 1, H, W) in -1..1 as (H, W, 3) uint8.

    Raises:
        ValueError: If it is of another shape, or beyond -1..1.
    """
    if frame.ndim != 4 or frame.shape[:2] != (3, 1):
        raise ValueError(f"a frame must have shape (3, 1, H, W), got {tuple(frame.shape)}")
    if frame.abs().max() > 1:
        raise ValueError(f"a frame must be from -1 to 1, got {frame.min():.3g} to {frame.max():.3g}")
    return ((frame[:, 0].movedim(0, -1).float() + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
