"""Trajectories: frames, depth and masks along a camera path, in the twin or any other world, and openings on them.

A true trajectory starts with context frames, one chunk of truth whose last frame is the opening frame; the chunks
follow. Body poses are in the world frame of the opening, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from wm_gym.geometry.motion import START_BODY_POSE, Body, camera_pose
from wm_gym.geometry.poses import compose, inverse
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.kept import MemoryFolder
from wm_gym.memory.render import render
from wm_gym.world.captures import memory_of_capture
from wm_gym.world.state import Outcome
from wm_gym.world.world import World
from wm_gym.world_model import Capture, ModelSpec, Opening, Place

TENSORS = "frames", "depth", "moving"
"""Fields of a trajectory that are tensors over its frames."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """T frames of one world.

    Attributes:
        spec: Spec of what made the frames.
        family: Family of the place.
        is_loop: Whether the path returns to its start and then repeats its first chunks.
        body_poses: (T, 5) float64.
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres.
        moving: (T, H, W) bool.
        intrinsics: (4,) float32.
    """

    spec: ModelSpec
    family: str
    is_loop: bool
    body_poses: np.ndarray
    frames: Tensor
    depth: Tensor
    moving: Tensor
    intrinsics: Tensor

    @property
    def world_from_camera(self) -> Tensor:
        """(T, 4, 4) float32."""
        return torch.from_numpy(camera_pose(self.body_poses)).float()

    @property
    def num_chunks(self) -> int:
        """Chunks after the context frames."""
        return len(self.body_poses) // self.spec.frames_per_step - 1

    def part(self, start: int, stop: int) -> Trajectory:
        """Frames `start` to `stop - 1`."""
        return replace(self, **{name: getattr(self, name)[start:stop] for name in ("body_poses", *TENSORS)})


def warm_up(turn_radians: float, num_frames: int) -> np.ndarray:
    """Body poses (num_frames, 5) of context frames: a left turn on the spot, by so much a frame, to the start pose."""
    body_poses = np.tile(START_BODY_POSE, (num_frames, 1))
    body_poses[:, 3] = turn_radians * np.arange(1 - num_frames, 1)
    return body_poses


def seen_from(body_poses: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Body poses (..., 5) in the world frame of a world that opens at the body pose `origin` (5,), which is level."""
    assert origin[4] == 0.0  # a pitched opening would tilt the world
    moved = np.array(body_poses, np.float64)
    cosine, sine = np.cos(origin[3]), np.sin(origin[3])
    offset = moved[..., :3] - origin[:3]
    moved[..., 0] = cosine * offset[..., 0] + sine * offset[..., 1]
    moved[..., 1] = cosine * offset[..., 1] - sine * offset[..., 0]
    moved[..., 2] = offset[..., 2]
    moved[..., 3] -= origin[3]
    return moved


def take_context(twin: World, opening: Opening, place: Place) -> Trajectory:
    """Context frames of a world that opens in a place of the twin, taken in a turn on the spot: no chunk follows."""
    spec = twin.spec
    turn = warm_up(np.radians(Body().turn_degrees_per_frame), spec.frames_per_step)
    path = path_in(spec, place.family, False, turn, opening.intrinsics)
    return follow(twin, [opening], [path], 0, 1, [place.seed])[0]


def path_in(spec: ModelSpec, family: str, is_loop: bool, body_poses: np.ndarray, intrinsics: Tensor) -> Trajectory:
    """A path that `follow` takes from the start pose on, (1 + T, 5) with the start pose before it; no frames yet."""
    blank = torch.zeros(0, spec.height, spec.width)
    path = np.concatenate([START_BODY_POSE[None], body_poses])
    return Trajectory(spec, family, is_loop, path, blank, blank, blank, intrinsics)


def open_grounded(opening: Opening, trajectory: Trajectory, frame: int) -> Opening:
    """An opening of a captured place at a frame of a trajectory of the size of its keyframes.

    The trajectory's frame, with what moves in it, is the first keyframe; keyframes of the capture follow, and last the
    context frames before the trajectory's, as many in all as the capture has (at the place's own opening pose its first
    one is replaced, elsewhere the last ones are).
    """
    assert opening.capture is not None
    count = trajectory.spec.frames_per_step
    before, here = trajectory.part(frame + 1 - count, frame), trajectory.part(frame, frame + 1)
    taken, seen = opening.capture, _keyframes(here, before)
    at_start = int(np.allclose(here.body_poses[0], START_BODY_POSE))
    others = slice(at_start, len(taken.frames) - count + at_start)
    moved = replace(taken, world_from_camera=compose(_to_frame_of(here), taken.world_from_camera).float())

    def joined(name: str) -> Tensor:
        first, *rest = getattr(seen, name).split([1, count - 1])
        return torch.cat([first, getattr(moved, name)[others], *rest])

    capture = replace(seen, **{name: joined(name) for name in (*TENSORS, "world_from_camera")})
    return replace(opening, place=None, capture=capture)


def open_cold(opening: Opening, trajectory: Trajectory, frame: int) -> Opening:
    """An opening on one chunk of truth: a frame of a trajectory and the context frames before it, at their size."""
    first = frame + 1 - trajectory.spec.frames_per_step
    before, here = trajectory.part(first, frame), trajectory.part(frame, frame + 1)
    return replace(opening, place=None, capture=_keyframes(here, before))


def _keyframes(here: Trajectory, before: Trajectory) -> Capture:
    """A frame of a trajectory and those before it, in the frame of a world that opens there."""
    poses = compose(_to_frame_of(here), before.world_from_camera)
    start = torch.from_numpy(camera_pose(START_BODY_POSE)).float()
    return Capture(
        frames=torch.cat([here.frames, before.frames]),
        depth=torch.cat([here.depth, before.depth]),
        moving=torch.cat([here.moving, before.moving]),
        world_from_camera=torch.cat([start[None], poses.float()]),
        intrinsics=here.intrinsics,
        lead=len(before.frames),
    )


def _to_frame_of(here: Trajectory) -> Tensor:
    """(1, 4, 4) from the trajectory's world frame to that of a world which opens here."""
    start = torch.from_numpy(camera_pose(START_BODY_POSE))
    return compose(start, inverse(torch.from_numpy(camera_pose(here.body_poses)))).float()


def follow(
    world: World,
    openings: Sequence[Opening],
    trajectories: Sequence[Trajectory],
    frame: int,
    chunks: int,
    seeds: Sequence[int],
) -> list[Trajectory]:
    """Trajectories of N worlds that open at a frame of other trajectories and take their paths (teacher forcing).

    Args:
        world: World of any backend.
        openings: N, at that frame.
        trajectories: N, whose paths are taken.
        frame: Index of the opening frame in every one of them.
        chunks: Number of chunks to take.
        seeds: N.

    Returns:
        N of so many chunks, without context and opening frame.
    """
    count = world.spec.frames_per_step
    stretch = slice(frame + 1, frame + 1 + count * chunks)
    paths = np.stack([seen_from(one.body_poses[stretch], one.body_poses[frame]) for one in trajectories])
    state, _ = world.start(openings, seeds)
    outcomes = []
    for k in range(0, paths.shape[1], count):
        state, outcome = world.follow(state, paths[:, k : k + count])
        outcomes.append(outcome)
    return [
        _joined(replace(one, spec=world.spec), [_of_world(o, n) for o in outcomes], paths[n])
        for n, one in enumerate(trajectories)
    ]


def _of_world(outcome: Outcome, world: int) -> tuple[Tensor, Tensor, Tensor]:
    chunk = outcome.chunk
    assert chunk.depth is not None and chunk.moving is not None
    return chunk.frames[world], chunk.depth[world], chunk.moving[world]


def _joined(
    trajectory: Trajectory, parts: Sequence[tuple[Tensor, Tensor, Tensor]], body_poses: np.ndarray
) -> Trajectory:
    frames, depth, moving = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    return replace(trajectory, body_poses=body_poses, frames=frames, depth=depth, moving=moving)


def repeat(trajectory: Trajectory, frame: int, count: int) -> Trajectory:
    """One frame of a trajectory again and again, in place of the `count` frames that follow."""
    after, shown = trajectory.part(frame + 1, frame + 1 + count), trajectory.part(frame, frame + 1)
    return replace(after, **{name: getattr(shown, name).expand_as(getattr(after, name)) for name in TENSORS})


def unseen_pixels(openings: Sequence[Opening], trajectories: Sequence[Trajectory], frame: int) -> list[Tensor]:
    """Pixels of each trajectory's next chunk where the memory of an opening shows nothing, (F, H, W) bool."""
    return [
        unseen_at(opening, one, frame, range(frame + 1, frame + 1 + one.spec.frames_per_step))
        for opening, one in zip(openings, trajectories, strict=True)
    ]


def unseen_at(opening: Opening, trajectory: Trajectory, frame: int, frames: Sequence[int]) -> Tensor:
    """Pixels of F frames where the memory of an opening at another frame shows nothing, (F, H, W) bool."""
    assert opening.capture is not None
    memory = memory_of_capture(opening.capture, MemoryConfig(), MemoryFolder())
    path = seen_from(trajectory.body_poses[list(frames)], trajectory.body_poses[frame])
    poses, size = torch.from_numpy(camera_pose(path)).float()[None], trajectory.depth.shape[1:]
    hints = render([memory], poses, trajectory.intrinsics[None], *size, frame_index=[1], appearance=[0])
    return ~hints.seen[0]
