"""`World`: the loop of generation, reconstruction and guidance, for N worlds at once.

    action -> poses -> hints from memory -> frames from the model -> memory

This is TeleWorld's closed loop (section 3) with InSpatio-World's explicit spatial constraint: the model is guided
by what is already known to be there, and memory keeps only what it did not know. Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm_gym.events.kinds import ActiveEvent, appearance_of
from wm_gym.events.scripts import EventScript
from wm_gym.geometry.motion import OPENING_EYE_METRES, START_BODY_POSE, Body, camera_pose, walk
from wm_gym.geometry.sliding import Blocked
from wm_gym.memory.hints import Hints
from wm_gym.memory.keyframes import build_memory, integrate_frames
from wm_gym.memory.memory import Memory, MemoryConfig
from wm_gym.memory.occupancy import Nearby
from wm_gym.memory.render import render
from wm_gym.memory.write import write
from wm_gym.networks.arithmetic import in_own_arithmetic
from wm_gym.world import batching
from wm_gym.world.state import Outcome, WorldState, stack_intrinsics, trust_of
from wm_gym.world_model import Capture, Chunk, Condition, Opening, WorldModel

KEY_THRESHOLD = 0.5  # a twist this strong counts as a pressed key for models that are steered by keys


@dataclass(frozen=True)
class WorldConfig:
    """How the loop runs.

    Attributes:
        body: Size and speeds of the walking body.
        memory: Bounds and tolerances of the 4D memory.
        step_height_metres: Solid things lower than this over the ground do not stop the body.
        bodies_collide: Whether bodies that share a memory stop one another.
    """

    body: Body = field(default_factory=Body)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    step_height_metres: float = 0.4
    bodies_collide: bool = False


class World:
    """Steps N worlds of one backend. Holds no world: every world is in the `WorldState` that goes in and out."""

    def __init__(self, model: WorldModel[Any], config: WorldConfig | None = None) -> None:
        """Join a backend with a memory.

        Raises:
            ValueError: If the backend gives no depth or no moving mask, which the memory needs.
        """
        if not (model.spec.gives_depth and model.spec.gives_moving):
            raise ValueError(f"a world needs a backend that gives depth and moving masks, got {model.spec.name!r}")
        self.model = model
        self.config = config or WorldConfig()

    @in_own_arithmetic
    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[WorldState, Outcome]:
        """Open N worlds. The outcome's frames show each opening pose."""
        num_worlds, num_frames = len(openings), self.model.spec.first_frames
        body_poses = np.tile(START_BODY_POSE, (num_worlds, num_frames, 1))
        model_state, chunk = self.model.start(openings, seeds)
        state = WorldState(
            model=model_state,
            memories=tuple(self._recall(opening) for opening in openings),
            world_of_view=tuple(range(num_worlds)),
            body_poses=body_poses[:, -1],
            frame_index=(0,) * num_worlds,
            seeds=tuple(int(seed) for seed in seeds),
            openings=tuple(replace(opening, capture=None, image=None) for opening in openings),
            scripts=tuple(EventScript(int(seed)) for seed in seeds),
        )
        hints = self._guide(state, _poses(body_poses), [()] * num_worlds)
        return self._remember(state, body_poses, chunk, hints, [()] * num_worlds, (False,) * num_worlds)

    @in_own_arithmetic
    def step(self, state: WorldState, twists: np.ndarray, keys: np.ndarray | None = None) -> tuple[WorldState, Outcome]:
        """One chunk of every world.

        Args:
            state: N worlds; stays valid and unchanged.
            twists: (N, T, 4) float64 forward, left, yaw, pitch as fractions -1..1 of the body's top speeds.
            keys: (N, T, 8) bool as `geometry.motion.KEYS`, or None to read them off the twists.
        """
        body_poses, collided = self._walk(state, twists)
        return self._advance(state, body_poses, keys_of(twists) if keys is None else keys, collided)

    @in_own_arithmetic
    def follow(
        self, state: WorldState, body_poses: np.ndarray, keys: np.ndarray | None = None
    ) -> tuple[WorldState, Outcome]:
        """One chunk along given stances (N, T, 5), whatever stands there: to go where another world went.

        Keys, as those of `step`, are read off the path where they are None.
        """
        if keys is None:
            keys = keys_of(twists_of(np.concatenate([state.body_poses[:, None], body_poses], 1), self.config.body))
        return self._advance(state, body_poses, keys, (False,) * state.num_worlds)

    def select(self, state: WorldState, worlds: Sequence[int]) -> WorldState:
        """The named worlds, in that order. Memories and caches are shared with `state`, and nothing is copied.

        Views that share a memory go on sharing it. A view named twice is a fork: its second naming has a memory of
        its own, together with the second naming of those that shared it.

        Raises:
            ValueError: If a world is none of the state's, or none is named.
        """
        return batching.select(self.model, state, worlds)

    def cat(self, states: Sequence[WorldState]) -> WorldState:
        """The worlds of several states, one after another, as one batch; nothing is copied.

        Raises:
            ValueError: If there are no states.
        """
        return batching.cat(self.model, states)

    def close(self) -> None:
        """Free the backend's processes and memory."""
        self.model.close()

    def _advance(
        self, state: WorldState, body_poses: np.ndarray, keys: np.ndarray, collided: tuple[bool, ...]
    ) -> tuple[WorldState, Outcome]:
        """The loop: hints at the new poses, frames from the model, and what they teach to the memory."""
        events = self._events(state)
        poses = _poses(body_poses)
        hints = self._guide(state, poses, events)
        condition = Condition(
            world_from_camera=poses,
            intrinsics=stack_intrinsics(state.openings),
            keys=torch.from_numpy(keys),
            prompts=state.prompts(),
            events=events,
            seeds=state.seeds,
            frame_index=state.frame_index,
            hints=hints,
        )
        model_state, chunk = self.model.step(state.model, condition)
        return self._remember(replace(state, model=model_state), body_poses, chunk, hints, events, collided)

    def _events(self, state: WorldState) -> list[tuple[ActiveEvent, ...]]:
        num_frames = self.model.spec.frames_per_step
        return [script.active(f, num_frames) for script, f in zip(state.scripts, state.frame_index, strict=True)]

    def _walk(self, state: WorldState, twists: np.ndarray) -> tuple[np.ndarray, tuple[bool, ...]]:
        """Where the bodies go, and whether something stood in their way."""
        free = walk(state.body_poses, twists, self.config.body, None)
        body_poses, standing = np.empty_like(free), state.body_poses[:, :2].copy()
        for n in range(state.num_worlds):
            blocked = self._among_others(state, n, standing, self._obstacles(state, n))
            body_poses[n] = walk(state.body_poses[n], twists[n], self.config.body, blocked)
            standing[n] = body_poses[n, -1, :2]
        collided = (body_poses != free).any(axis=(1, 2))
        return body_poses, tuple(bool(b) for b in collided)

    def _among_others(self, state: WorldState, view: int, standing: np.ndarray, blocked: Blocked) -> Blocked:
        """What blocks one body, the others of its world at `standing` (N, 2) included where bodies collide."""
        if not self.config.bodies_collide:
            return blocked
        shared = np.array(state.world_of_view) == state.world_of_view[view]
        shared[view] = False
        others, nearest = standing[shared], 2 * self.config.body.radius_metres
        return lambda spots: blocked(spots) | _are_near(spots, others, nearest)

    def _obstacles(self, state: WorldState, world: int) -> Callable[[np.ndarray], np.ndarray]:
        """What blocks the body: the simulator's own walls, or what memory holds at the height of the body."""
        body = self.config.body
        obstacles = self.model.obstacles(state.model, world)
        if obstacles is not None:
            return lambda positions: obstacles.blocked(positions, body.radius_metres)
        memory = state.memories[state.world_of_view[world]]
        z_low, eye = self.config.step_height_metres - OPENING_EYE_METRES, float(state.body_poses[world, 2])
        reach = self.model.spec.frames_per_step * body.walk_metres_per_frame + 2 * body.radius_metres
        nearby = Nearby(memory, state.body_poses[world, :2], reach, z_low, eye)
        return lambda positions: nearby.occupied(positions, body.radius_metres)

    def _guide(self, state: WorldState, poses: Tensor, events: Sequence[tuple[ActiveEvent, ...]]) -> Hints:
        """What memory shows at `poses` (N, T, 4, 4)."""
        spec = self.model.spec
        return render(
            [state.memories[w] for w in state.world_of_view],
            poses,
            stack_intrinsics(state.openings),
            spec.height,
            spec.width,
            frame_index=state.frame_index,
            appearance=[appearance_of(active) for active in events],
        )

    def _recall(self, opening: Opening) -> Memory:
        if opening.capture is None:
            return Memory.empty(self.config.memory)
        return memory_of_capture(opening.capture, self.config.memory)

    def _remember(
        self,
        state: WorldState,
        body_poses: np.ndarray,
        chunk: Chunk,
        hints: Hints,
        events: Sequence[tuple[ActiveEvent, ...]],
        collided: tuple[bool, ...],
    ) -> tuple[WorldState, Outcome]:
        """Write the chunk to memory and close the step."""
        poses = _poses(body_poses) if chunk.world_from_camera is None else chunk.world_from_camera
        chunk = replace(chunk, world_from_camera=poses)
        assert chunk.depth is not None and chunk.moving is not None
        intrinsics = stack_intrinsics(state.openings)
        lasting = chunk.depth if chunk.write_mask is None else torch.where(chunk.write_mask, chunk.depth, 0.0)
        memories = list(state.memories)
        for n, w in enumerate(state.world_of_view):
            memories[w] = write(
                memories[w],
                chunk.frames[n],
                lasting[n],
                chunk.moving[n],
                poses[n],
                intrinsics[n],
                hints=hints.of_world(n),
                frame_index=state.frame_index[n],
                appearance=appearance_of(events[n]),
                replaced=None if chunk.overwrite_mask is None else chunk.overwrite_mask[n],
            )
        num_frames = chunk.frames.shape[1]
        after = replace(
            state,
            memories=tuple(memories),
            body_poses=body_poses[:, -1],
            frame_index=tuple(f + num_frames for f in state.frame_index),
        )
        return after, Outcome(chunk, hints, body_poses, intrinsics, collided, tuple(trust_of(chunk, hints)))


def keys_of(twists: np.ndarray) -> np.ndarray:
    """(…, 8) bool: the keys that a keyboard player would press for twists (…, 4)."""
    forward, left, yaw, pitch = (twists[..., k] for k in range(4))
    pressed = (forward, left, -forward, -left, pitch, yaw, -pitch, -yaw)  # W A S D I J K L
    return np.stack([value >= KEY_THRESHOLD for value in pressed], axis=-1)


def twists_of(path: np.ndarray, body: Body) -> np.ndarray:
    """(..., T, 4): the body twists that lead along stances (..., T + 1, 5), as fractions of the top speeds."""
    moved = np.diff(path, axis=-2)
    yaw = path[..., 1:, 3]
    forward = moved[..., 0] * np.cos(yaw) + moved[..., 1] * np.sin(yaw)
    left = moved[..., 1] * np.cos(yaw) - moved[..., 0] * np.sin(yaw)
    turned = moved[..., 3] - 2 * np.pi * np.round(moved[..., 3] / (2 * np.pi))
    return np.stack(
        [
            forward / body.walk_metres_per_frame,
            left / body.walk_metres_per_frame,
            turned / np.radians(body.turn_degrees_per_frame),
            moved[..., 4] / np.radians(body.pitch_degrees_per_frame),
        ],
        axis=-1,
    )


def _are_near(spots: np.ndarray, others: np.ndarray, metres: float) -> np.ndarray:
    """(M,) bool: whether any of `others` (K, 2) is nearer than so many metres to each of `spots` (M, 2)."""
    return (np.linalg.norm(spots[:, None] - others, axis=-1) < metres).any(axis=1)


def _poses(body_poses: np.ndarray) -> Tensor:
    """(N, T, 4, 4) float32 camera poses of (N, T, 5) stances."""
    return torch.from_numpy(camera_pose(body_poses)).float()


@lru_cache(maxsize=16)
def memory_of_capture(capture: Capture, config: MemoryConfig) -> Memory:
    """The memory of somebody who has seen a capture's keyframes, near things first.

    What moved is left out, but for the frames that led up to the opening: it will be elsewhere by now.
    """
    count = len(capture.frames) - capture.lead
    still, poses = torch.where(capture.moving, 0.0, capture.depth), capture.world_from_camera
    memory = build_memory(capture.frames[:count], still[:count], poses[:count], capture.intrinsics, config)
    if not capture.lead:
        return memory
    lead = capture.frames[count:], capture.depth[count:], capture.moving[count:], poses[count:]
    return integrate_frames(memory, *lead, capture.intrinsics, frame_index=-capture.lead)
