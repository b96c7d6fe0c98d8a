"""Walks in memory as stacked arrays, and pieces drawn from them: a frame, the chunks that follow, and their camera.

Frames are taken a stride apart, so that a chunk turns far enough to bring something new into view.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS, SpaceToDepthCodec
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.steering import steer
from wm_gym.progress import progress_bar
from wm_gym.train_world.data.recordings import Clip, Recordings
from wm_gym.train_world.data.sources import Sources, spec_of
from wm_gym.train_world.distilling.given import Given
from wm_gym.train_world.distilling.layers import motions_of, prompts_of
from wm_gym.train_world.distilling.turned import turned_hints

FITTED = ("height", "width", "far_metres")
"""Settings of a model that must be those of its recordings."""

_MIRRORED_KEYS = [0, 3, 2, 1, 4, 7, 6, 5]
"""Columns of keys in a mirror: what went left goes right."""


@dataclass(frozen=True)
class Walks:
    """C clips of T frames, a stride apart.

    Attributes:
        frames: (C, T, H, W, 3) uint8.
        depth: (C, T, H, W) float16 metres.
        moving: (C, T, H, W) bool.
        world_from_camera: (C, T, 4, 4) float32.
        intrinsics: (C, 4) float32 fx, fy, cx, cy in pixels.
        keys: (C, T, 8) bool, pressed on the way to each frame.
        scenes: (C,) object, scene-static captions; empty ones where captions are not read.
        motions: (C, T) object, what the dense temporal caption says of each frame.
    """

    frames: np.ndarray
    depth: np.ndarray
    moving: np.ndarray
    world_from_camera: np.ndarray
    intrinsics: np.ndarray
    keys: np.ndarray
    scenes: np.ndarray
    motions: np.ndarray

    @property
    def are_told(self) -> bool:
        """Whether there are captions."""
        return bool(any(self.scenes.tolist()))

    @classmethod
    def cat(cls, parts: list[Walks]) -> Walks:
        """All walks of several sets."""
        return cls(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)})


@dataclass(frozen=True)
class Pieces:
    """B pieces of walks: a frame, then L latent frames of F frames each.

    Attributes:
        before: (B, 5, H, W) planes of the frame.
        clean: (B, L, F * 5, H, W) planes of what follows.
        path: (B, 1 + L * F, 4, 4) world_from_camera of all of it.
        intrinsics: (B, 4).
        keys: (B, L * F, 8) bool.
        prompts: B lists of L * F strings.
        number: Of the batch that these are.
    """

    before: Tensor
    clean: Tensor
    path: Tensor
    intrinsics: Tensor
    keys: Tensor
    prompts: list[list[str]]
    number: int = 0

    def to(self, device: torch.device) -> Pieces:
        """The pieces on a device."""
        return replace(self, **{k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)})

    @property
    def length(self) -> int:
        """L."""
        return self.clean.shape[1]


@dataclass
class WalkSources(Sources):
    """Recordings, and how they are thinned.

    Attributes:
        stride: Frames of a recording between two frames that are used.
        captions: Whether captions are read, as prompts. Their walks are not mirrored, since captions tell left from
            right.
    """

    stride: int = 4
    captions: bool = False


def read_sources(sources: WalkSources, video: VideoConfig, name: str) -> tuple[Walks, Walks | None]:
    """Walks to train on, and those to score on, if there are any.

    Args:
        sources: Where they are.
        video: The model; its size and range must be those of the recordings.
        name: Of the model's settings, for the message.

    Raises:
        ValueError: If recordings do not fit one another or the model.
    """
    spec_of(sources).check(video, name, FITTED)
    read, most = partial(read_walks, stride=sources.stride, captions=sources.captions), sources.held_out_clips
    held_out = read(sources.held_out, most_clips=most) if sources.held_out else None
    return Walks.cat([read(folder, most_clips=sources.most_clips) for folder in sources.recordings]), held_out


def read_walks(folder: str, stride: int, most_clips: int = 0, captions: bool = False) -> Walks:
    """The clips of a folder of recordings, every `stride`-th frame of them.

    Raises:
        ValueError: If the folder holds no recordings.
    """
    recordings = Recordings(folder)
    count = min(len(recordings), most_clips) if most_clips else len(recordings)
    indices = progress_bar(range(count), desc=f"walks of {folder}", unit="clip")
    return walks_of((recordings.clip(index) for index in indices), stride, captions)


def walks_of(clips: Iterable[Clip], stride: int, captions: bool = False) -> Walks:
    """Every `stride`-th frame of clips of one length and size, with their captions if they are read."""
    parts = [_thinned(clip, stride, captions) for clip in clips]
    return Walks(*(np.stack(values) for values in zip(*parts, strict=True)))


def _thinned(clip: Clip, stride: int, captions: bool) -> tuple[np.ndarray, ...]:
    """One clip, in the order of the fields of `Walks`."""
    steps = [clip.spec.step_of(frame) for frame in range(0, len(clip.frames), stride)]
    shown = (clip.frames, clip.depth, clip.moving, clip.world_from_camera)
    motions = motions_of(clip, stride) if captions else np.full(len(steps), "", object)
    scene = np.array(clip.captions.scene if captions else "", object)
    return *(part[::stride] for part in shown), clip.intrinsics, clip.keys[steps], scene, motions


def draw_pieces(
    walks: Walks, packing: SpaceToDepthCodec, count: int, frames: int, frames_per_latent: int, number: int, seed: int
) -> Pieces:
    """Batch `number` of a run with `seed`: pieces of `frames` frames after the first, half of them in a mirror.

    Pieces with captions are never mirrored; each is told by one layer of them or by both.

    Raises:
        ValueError: If a walk is shorter than that.
    """
    rng = np.random.default_rng([seed, number])
    shortest = walks.frames.shape[1]
    if shortest < frames + 1:
        raise ValueError(f"walks must have at least {frames + 1} frames for such pieces, got {shortest}")
    clips = rng.integers(len(walks.frames), size=count)
    firsts = rng.integers(shortest - frames, size=count)
    mirrored = (rng.random(count) < 0.5) & (not walks.are_told)
    drawn = pieces_at(walks, packing, clips, firsts, frames, frames_per_latent, mirrored, number)
    motions = walks.motions[clips[:, None], firsts[:, None] + 1 + np.arange(frames)]
    return replace(drawn, prompts=prompts_of(walks.scenes[clips], motions, rng))


def drawer_of(walks: Walks, network: VideoNetwork, latents: int, seed: int) -> partial[Pieces]:
    """`draw_pieces` of so many latent frames of a network; it is left to say `count` and `number`."""
    per_latent = network.config.frames_per_latent
    return partial(
        draw_pieces, walks, network.packing, frames=latents * per_latent, frames_per_latent=per_latent, seed=seed
    )


def pieces_at(
    walks: Walks,
    packing: SpaceToDepthCodec,
    clips: np.ndarray,
    firsts: np.ndarray,
    frames: int,
    frames_per_latent: int,
    mirrored: np.ndarray | None = None,
    number: int = 0,
) -> Pieces:
    """Pieces of these clips (B,) from these frames (B,) on, told by their scenes.

    Those in a mirror are `mirrored` (B,) bool, or None for none.
    """
    at = clips[:, None], firsts[:, None] + np.arange(frames + 1)
    shown, depth, moving, keys = (part[at] for part in (walks.frames, walks.depth, walks.moving, walks.keys))
    path = walks.world_from_camera[at].astype(np.float32)
    lens = walks.intrinsics[clips].copy()
    if mirrored is not None and mirrored.any():
        shown[mirrored], depth[mirrored], moving[mirrored] = (
            part[mirrored][:, :, :, ::-1] for part in (shown, depth, moving)
        )
        mirror = np.diag([-1, 1, 1, 1]).astype(np.float32)
        path[mirrored] = mirror @ path[mirrored] @ mirror
        keys[mirrored] = keys[mirrored][:, :, _MIRRORED_KEYS]
        lens[mirrored, 2] = shown.shape[3] - lens[mirrored, 2]
    planes = packing.encode(
        torch.from_numpy(shown), torch.from_numpy(depth.astype(np.float32)), torch.from_numpy(moving)
    ).unflatten(1, (-1, FRAME_CHANNELS))
    clean = planes[:, 1:].unflatten(1, (-1, frames_per_latent)).flatten(2, 3)
    poses, lenses, pressed = (torch.from_numpy(part) for part in (path, lens, keys[:, 1:]))
    told = walks.scenes[clips].tolist()
    return Pieces(planes[:, 0], clean, poses, lenses, pressed, [[scene] * frames for scene in told], number)


def given_of(
    pieces: Pieces, planes: Tensor | None, first: int, length: int, config: VideoConfig, packing: SpaceToDepthCodec
) -> Given:
    """What a chunk of pieces is generated from: the frame before it, turned, and the way of the camera.

    Args:
        pieces: Where the camera goes.
        planes: (B, 5, H, W) of the frame before the chunk, true or generated; None: nothing was seen before.
        first: Index of the chunk's first latent frame.
        length: Latent frames of the chunk.
        config: Of the model.
        packing: Scale of depth.
    """
    frames = config.frames_per_latent
    start, stop = first * frames, (first + length) * frames
    path, keys = pieces.path[:, start : stop + 1], pieces.keys[:, start:stop]
    if planes is None:
        hints = pieces.clean.new_zeros(len(path), length * frames, HINT_CHANNELS, *pieces.clean.shape[-2:])
    else:
        hints = turned_hints(planes, path[:, 0], path[:, 1:], pieces.intrinsics, packing)
    camera, action = steer(
        path, path[:, 0], pieces.intrinsics, keys, length=length, grid=config.grid, patch=config.patch
    )
    times = (first + torch.arange(length, device=path.device)).expand(len(path), length)
    hints = hints.unflatten(1, (length, frames)).flatten(2, 3)
    prompts = [prompt for told in pieces.prompts for prompt in told[start + frames - 1 : stop : frames]]
    return Given(hints, camera, action, times, prompts)


def teacher_forced(pieces: Pieces, chunk: int, config: VideoConfig, packing: SpaceToDepthCodec) -> Given:
    """What all chunks of pieces, of `chunk` latent frames each, are generated from if the truth lies before each."""
    leads = [pieces.before, *pieces.clean.unflatten(2, (-1, FRAME_CHANNELS))[:, chunk - 1 :: chunk, -1].unbind(1)]
    firsts = range(0, pieces.length, chunk)
    parts = [given_of(pieces, leads[k], first, chunk, config, packing) for k, first in enumerate(firsts)]
    return Given.cat(parts, chunk)
