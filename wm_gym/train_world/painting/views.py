"""What a painter learns from: single frames of recorded clips, each with the hints of a memory that knows it in part.

A memory begins with one frame and takes in where the walk goes, as that of a world opened cold does; it begins anew
every few steps. Knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write
from wm_gym.train_world.hint_masks import pack_masks
from wm_gym.train_world.recordings import Clip

STRIDES_FRAMES = (4, 8, 12)
"""Frames from one view to the next: a step, or some that were not looked at."""

STRIDE_SHARES = (0.5, 0.3, 0.2)
SPAN_FRAMES = (16, 96)
"""A memory begins anew after so many frames, from the first to the second."""

AREA_STEPS = 16.0
"""Steps of an octave in which areas are kept."""


@dataclass(frozen=True)
class Views:
    """V views of one size, kept small.

    Attributes:
        frames: (V, H, W, 3) uint8, the truth.
        depth: (V, H, W) float16 metres, the truth.
        moving: (V, H, W) bool, the truth.
        up: (V, 3) float16, the world's z axis in the camera frame.
        intrinsics: (V, 4) float32.
        hint_colour: (V, H, W, 3) uint8.
        hint_log_depth: (V, H, W) float16.
        hint_flags: (V, H, W) uint8: bit 0 seen, bit 1 moving, bit 2 same appearance.
        hint_area: (V, H, W) uint8: 128 + 16 log2 of the area.
    """

    frames: np.ndarray
    depth: np.ndarray
    moving: np.ndarray
    up: np.ndarray
    intrinsics: np.ndarray
    hint_colour: np.ndarray
    hint_log_depth: np.ndarray
    hint_flags: np.ndarray
    hint_area: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)

    @staticmethod
    def cat(parts: Sequence[Views]) -> Views:
        """The views of all parts."""
        return Views(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def views_of(clip: Clip, seed: int) -> Views:
    """Views along one clip; what the memory knew of each is drawn by `seed`."""
    rng = np.random.default_rng(seed)
    taken = list(_along(clip, rng))
    chosen = np.array([frame for frame, _ in taken])
    hints = [hint for _, hint in taken]
    area = [(128 + AREA_STEPS * h.area.clamp(min=1e-3).log2()).clamp(1, 255) * h.seen for h in hints]
    return Views(
        frames=clip.frames[chosen],
        depth=clip.depth[chosen],
        moving=clip.moving[chosen],
        up=clip.world_from_camera[chosen, 2, :3].astype(np.float16),
        intrinsics=np.repeat(clip.intrinsics[None], len(chosen), 0),
        hint_colour=_stack([h.colour for h in hints]),
        hint_log_depth=_stack([h.log_depth.half() for h in hints]),
        hint_flags=_stack([pack_masks(h) for h in hints]),
        hint_area=_stack([a.round().byte() for a in area]),
    )


def _along(clip: Clip, rng: np.random.Generator) -> Iterator[tuple[int, Hints]]:
    """Frames of a clip and what is known of each before it is seen."""
    frame, fresh_at, appearance, memory = 0, 0, 0, Memory.empty(MemoryConfig())
    while True:
        now = int(clip.appearance[max(0, frame - 1) // 4])
        if frame >= fresh_at or now != appearance:
            memory, appearance = Memory.empty(MemoryConfig()), now
            fresh_at = frame + int(rng.integers(*SPAN_FRAMES))
        else:
            hints = _look(memory, clip, frame, now)
            yield frame, hints
        memory = _take_in(memory, clip, frame, now)
        frame += int(rng.choice(STRIDES_FRAMES, p=STRIDE_SHARES))
        if frame >= len(clip.frames):
            return


def _look(memory: Memory, clip: Clip, frame: int, appearance: int) -> Hints:
    height, width = clip.depth.shape[1:]
    pose, lens = torch.from_numpy(clip.world_from_camera[frame]), torch.from_numpy(clip.intrinsics)
    hints = render([memory], pose[None, None], lens[None], height, width, [frame], [appearance])
    return Hints(**{name: value[0, 0] for name, value in vars(hints).items()})


def _take_in(memory: Memory, clip: Clip, frame: int, appearance: int) -> Memory:
    rows = [max(0, frame - 2), frame] if memory.num_static else [frame]
    poses, lens = torch.from_numpy(clip.world_from_camera[rows]), torch.from_numpy(clip.intrinsics)
    height, width = clip.depth.shape[1:]
    hints = render([memory], poses[None], lens[None], height, width, [rows[0]], [appearance]).of_world(0)
    return write(
        memory, torch.from_numpy(clip.frames[rows]), torch.from_numpy(clip.depth[rows].astype(np.float32)),
        torch.from_numpy(clip.moving[rows]), poses, lens, hints=hints, frame_index=rows[0], appearance=appearance,
    )  # fmt: skip


def _stack(tensors: Sequence[Tensor]) -> np.ndarray:
    return torch.stack(list(tensors)).numpy()
