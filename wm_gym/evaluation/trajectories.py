"""Walks: what a camera saw on its way, in the twin or in any other world, and openings anywhere along them.

A walk begins with a lead of `LEAD_FRAMES` frames, one chunk of truth, the last of which is the opening frame; the
chunks follow. Stances and poses are in the world frame of the opening, as everywhere.
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
from wm_gym.memory.render import render
from wm_gym.world.captures import memory_of_capture
from wm_gym.world.state import Outcome
from wm_gym.world.world import World
from wm_gym.world_model import Capture, Opening, Place

CHUNK_FRAMES = 4
LEAD_FRAMES = CHUNK_FRAMES


@dataclass(frozen=True, eq=False)
class Trajectory:
    """T = LEAD_FRAMES + 4 * chunks frames of one world.

    Attributes:
        family: Of the place.
        is_loop: Whether the walk comes home and then repeats its first chunks.
        body_poses: (T, 5) float64.
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres.
        moving: (T, H, W) bool.
        intrinsics: (4,) float32.
    """

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
        """Chunks after the lead."""
        return (len(self.body_poses) - LEAD_FRAMES) // CHUNK_FRAMES

    def part(self, start: int, stop: int) -> Trajectory:
        """Frames `start` to `stop - 1`."""
        names = "body_poses", "frames", "depth", "moving"
        return replace(self, **{name: getattr(self, name)[start:stop] for name in names})


def lead_in(turn_radians: float) -> np.ndarray:
    """(LEAD_FRAMES, 5): on the spot, turning left by so much a frame, to the stance of the opening."""
    body_poses = np.tile(START_BODY_POSE, (LEAD_FRAMES, 1))
    body_poses[:, 3] = turn_radians * np.arange(1 - LEAD_FRAMES, 1)
    return body_poses


def seen_from(body_poses: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Stances (..., 5) in the world frame of a world that opens at the stance `origin` (5,), which is level."""
    assert origin[4] == 0.0  # a pitched opening would tilt the world
    moved = np.array(body_poses, np.float64)
    cosine, sine = np.cos(origin[3]), np.sin(origin[3])
    offset = moved[..., :3] - origin[:3]
    moved[..., 0] = cosine * offset[..., 0] + sine * offset[..., 1]
    moved[..., 1] = cosine * offset[..., 1] - sine * offset[..., 0]
    moved[..., 2] = offset[..., 2]
    moved[..., 3] -= origin[3]
    return moved


def take_lead(twin: World, opening: Opening, place: Place) -> Trajectory:
    """The lead of a walk that opens in a place of the twin, after a turn on the spot, as a walk of no chunks."""
    blank = torch.zeros(0, twin.spec.height, twin.spec.width)
    body_poses = np.concatenate([START_BODY_POSE[None], lead_in(np.radians(Body().turn_degrees_per_frame))])
    path = Trajectory(place.family, False, body_poses, blank, blank, blank, opening.intrinsics)
    return follow(twin, [opening], [path], 0, 1, [place.seed])[0]


def open_grounded(opening: Opening, walk: Trajectory, frame: int) -> Opening:
    """An opening of a captured place at a frame of a walk through it, which is as fine as the capture.

    The walk's frame, with what moves in it, is the first keyframe; keyframes of the capture follow, and at last the
    frames that led up to the walk's, as many in all as the capture has (at the place's own opening pose its first one
    is replaced, elsewhere the last ones give way).
    """
    assert opening.capture is not None
    lead, here = walk.part(frame + 1 - CHUNK_FRAMES, frame), walk.part(frame, frame + 1)
    taken, seen = opening.capture, _keyframes(here, lead)
    at_start = int(np.allclose(here.body_poses[0], START_BODY_POSE))
    others = slice(at_start, len(taken.frames) - CHUNK_FRAMES + at_start)
    moved = replace(taken, world_from_camera=compose(_to_frame_of(here), taken.world_from_camera).float())
    names = "frames", "depth", "moving", "world_from_camera"

    def joined(name: str) -> Tensor:
        first, *rest = getattr(seen, name).split([1, CHUNK_FRAMES - 1])
        return torch.cat([first, getattr(moved, name)[others], *rest])

    capture = replace(seen, **{name: joined(name) for name in names})
    return replace(opening, place=None, capture=capture)


def open_cold(opening: Opening, walk: Trajectory, frame: int) -> Opening:
    """An opening that knows one chunk of truth: a frame of a walk and the frames before it, as fine as they are."""
    before, here = walk.part(frame + 1 - CHUNK_FRAMES, frame), walk.part(frame, frame + 1)
    return replace(opening, place=None, capture=_keyframes(here, before))


def _keyframes(here: Trajectory, before: Trajectory) -> Capture:
    """A frame of a walk and those before it, in the frame of a world that opens there."""
    poses = compose(_to_frame_of(here), before.world_from_camera)
    start = torch.from_numpy(camera_pose(START_BODY_POSE)).float()
    return Capture(
        frames=torch.cat([here.frames, before.frames]),
        depth=torch.cat([here.depth, before.depth]),
        moving=torch.cat([here.moving, before.moving]),
        world_from_camera=torch.cat([start[None], poses.float()]),
        intrinsics=here.intrinsics,
        lead=CHUNK_FRAMES - 1,
    )


def _to_frame_of(here: Trajectory) -> Tensor:
    """(1, 4, 4) from the walk's world frame to that of a world which opens here."""
    start = torch.from_numpy(camera_pose(START_BODY_POSE))
    return compose(start, inverse(torch.from_numpy(camera_pose(here.body_poses)))).float()


def follow(
    world: World,
    openings: Sequence[Opening],
    walks: Sequence[Trajectory],
    frame: int,
    chunks: int,
    seeds: Sequence[int],
) -> list[Trajectory]:
    """Walks of N worlds that open at a frame of each walk and go where it went; no lead, no opening frame.

    Args:
        world: Any backend's.
        openings: N, at that frame.
        walks: N.
        frame: Index of the opening frame in every walk.
        chunks: How many to follow.
        seeds: N.
    """
    paths = np.stack(
        [seen_from(w.body_poses[frame + 1 : frame + 1 + CHUNK_FRAMES * chunks], w.body_poses[frame]) for w in walks]
    )
    state, _ = world.start(openings, seeds)
    outcomes = []
    for k in range(0, paths.shape[1], CHUNK_FRAMES):
        state, outcome = world.follow(state, paths[:, k : k + CHUNK_FRAMES])
        outcomes.append(outcome)
    return [_join(walk, [_of_world(o, n) for o in outcomes], paths[n]) for n, walk in enumerate(walks)]


def _of_world(outcome: Outcome, world: int) -> tuple[Tensor, Tensor, Tensor]:
    chunk = outcome.chunk
    assert chunk.depth is not None and chunk.moving is not None
    return chunk.frames[world], chunk.depth[world], chunk.moving[world]


def _join(walk: Trajectory, parts: Sequence[tuple[Tensor, Tensor, Tensor]], body_poses: np.ndarray) -> Trajectory:
    frames, depth, moving = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    return replace(walk, body_poses=body_poses, frames=frames, depth=depth, moving=moving)


def repeat(walk: Trajectory, frame: int, count: int) -> Trajectory:
    """One frame of a walk for ever, in place of the `count` frames that follow."""
    after, shown = walk.part(frame + 1, frame + 1 + count), walk.part(frame, frame + 1)
    names = "frames", "depth", "moving"
    return replace(after, **{name: getattr(shown, name).expand_as(getattr(after, name)) for name in names})


def unseen_pixels(openings: Sequence[Opening], walks: Sequence[Trajectory], frame: int) -> list[Tensor]:
    """Pixels of each walk's next chunk where the memory of an opening shows nothing, (4, H, W) bool."""
    masks = []
    for opening, walk in zip(openings, walks, strict=True):
        assert opening.capture is not None
        memory = memory_of_capture(opening.capture, MemoryConfig())
        path = seen_from(walk.body_poses[frame + 1 : frame + 1 + CHUNK_FRAMES], walk.body_poses[frame])
        poses, size = torch.from_numpy(camera_pose(path)).float()[None], walk.depth.shape[1:]
        hints = render([memory], poses, walk.intrinsics[None], *size, frame_index=[1], appearance=[0])
        masks.append(~hints.seen[0])
    return masks
