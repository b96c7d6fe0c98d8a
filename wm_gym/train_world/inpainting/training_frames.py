"""Training frames of an inpainter: frames of recorded clips, each with the hints of a memory that shows a part of it.

Memories are of three kinds. One starts from one frame and integrates the frames along the clip, as in a world opened
cold, and is emptied every few steps. One does the same, but integrates what it did not show as an inpainter would have
inpainted it, so that an inpainter is trained on its own output. One holds a few frames of the clip and integrates no
more, as in a captured scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.completion.conditioning import surface_planes
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainting import inpaint_frame
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write
from wm_gym.train_world.data.hint_masks import pack_masks
from wm_gym.train_world.data.recordings import Clip

STRIDE_STEPS, STRIDE_SHARES = (1, 2, 3), (0.5, 0.3, 0.2)
"""Steps from one training frame to the next, and the share of each."""

KIND_SHARES = (0.4, 0.4, 0.2)
INPAINTED, CAPTURED = 1, 2
"""Kinds of memory, as indices of `KIND_SHARES`: that which integrates inpainted frames, and that of a few frames."""

KEYFRAMES, CAPTURED_STRIDE_STEPS = (2, 7), 2
"""Frames that a captured memory holds, from the first number to below the second, and steps from one training frame to
the next."""

SPAN_FRAMES = (16, 96)
"""Frames after which a memory is emptied, from the first number to below the second."""

AREA_STEPS = 16.0
"""Steps per octave in which areas are quantised."""


@dataclass(frozen=True)
class TrainingFrames:
    """V training frames of one size, kept small.

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
    def cat(parts: Sequence[TrainingFrames]) -> TrainingFrames:
        """The training frames of all parts."""
        return TrainingFrames(
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
        )


def training_frames_of(clip: Clip, seed: int, inpainter: Inpainter | None = None) -> TrainingFrames:
    """Training frames along one clip.

    Args:
        clip: Recorded clip.
        seed: Seed of the memory's kind and content.
        inpainter: Inpaints what some memories did not show before they integrate it; None: they integrate the truth.
    """
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, p=KIND_SHARES)
    if kind == CAPTURED and (clip.appearance == clip.appearance[0]).all():
        taken = list(_between(clip, rng))
    else:
        taken = list(_along(clip, rng, inpainter if kind == INPAINTED else None))
    return _training_frames(clip, [frame for frame, _ in taken], [hint for _, hint in taken])


def _training_frames(clip: Clip, frames: Sequence[int], hints: Sequence[Hints]) -> TrainingFrames:
    chosen = np.array(frames)
    area = [(128 + AREA_STEPS * h.area.clamp(min=1e-3).log2()).clamp(1, 255) * h.seen for h in hints]
    return TrainingFrames(
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


def _along(clip: Clip, rng: np.random.Generator, inpainter: Inpainter | None) -> Iterator[tuple[int, Hints]]:
    """Frames of a clip and the hints of each before it is integrated."""
    frame, fresh_at, appearance, memory = 0, 0, 0, Memory.empty(MemoryConfig())
    while True:
        now = int(clip.appearance[clip.spec.step_of(frame)])
        if frame >= fresh_at or now != appearance:
            memory, appearance = _integrate(Memory.empty(MemoryConfig()), clip, [frame], now), now
            fresh_at = frame + int(rng.integers(*SPAN_FRAMES))
        else:
            yield frame, _hints_of_frame(memory, clip, frame, now)
            if inpainter is None:
                memory = _integrate(memory, clip, [max(0, frame - 2), frame], now)
            else:
                memory = _integrate_inpainted(memory, clip, frame, now, inpainter)
        frame += int(rng.choice(STRIDE_STEPS, p=STRIDE_SHARES)) * clip.spec.frames_per_step
        if frame >= len(clip.frames):
            return


def _between(clip: Clip, rng: np.random.Generator) -> Iterator[tuple[int, Hints]]:
    """Frames of a clip and the hints of each that a few others give."""
    stride = CAPTURED_STRIDE_STEPS * clip.spec.frames_per_step
    memory, bits = Memory.empty(MemoryConfig()), int(clip.appearance[0])
    for frame in rng.choice(len(clip.frames), rng.integers(*KEYFRAMES), replace=False):
        memory = _integrate(memory, clip, [int(frame)], bits)
    for frame in range(int(rng.integers(stride)), len(clip.frames), stride):
        yield frame, _hints_of_frame(memory, clip, frame, bits)


def _hints_of_frame(memory: Memory, clip: Clip, frame: int, appearance: int) -> Hints:
    hints = _hints(memory, clip, [frame], appearance)
    return Hints(**{name: value[0] for name, value in vars(hints).items()})


def _hints(memory: Memory, clip: Clip, rows: list[int], appearance: int) -> Hints:
    height, width = clip.depth.shape[1:]
    poses, lens = torch.from_numpy(clip.world_from_camera[rows]), torch.from_numpy(clip.intrinsics)
    return render([memory], poses[None], lens[None], height, width, [rows[0]], [appearance]).of_world(0)


def _integrate(memory: Memory, clip: Clip, rows: list[int], appearance: int) -> Memory:
    frames, depth, moving, poses, lens = _seen(clip, rows)
    hints = _hints(memory, clip, rows, appearance)
    return write(memory, frames, depth, moving, poses, lens, hints, rows[0], appearance)


def _seen(clip: Clip, rows: list[int]) -> list[Tensor]:
    """Frames, depth, moving masks, poses and intrinsics of some rows."""
    depth = clip.depth[rows].astype(np.float32)
    arrays = clip.frames[rows], depth, clip.moving[rows], clip.world_from_camera[rows], clip.intrinsics
    return [torch.from_numpy(array) for array in arrays]


def _integrate_inpainted(memory: Memory, clip: Clip, frame: int, appearance: int, inpainter: Inpainter) -> Memory:
    """The memory after a frame as an inpainter that chose the true codes would have inpainted it."""
    frames, depth, moving, poses, lens = _seen(clip, [frame])
    hints = _hints(memory, clip, [frame], appearance)
    truth = surface_planes(frames, depth, inpainter.config.near_metres, inpainter.config.far_metres)
    with torch.inference_mode():
        made = inpaint_frame(inpainter, hints, poses[0], lens, lambda *_: inpainter.codebook.encode(truth))
    new = (made.depth > 0)[None]
    colour = torch.where(new[..., None], made.frame, torch.where(moving[..., None], frames, hints.colour))
    known = torch.where(hints.seen, hints.log_depth.exp(), 0.0)
    shown_depth = torch.where(moving, depth, torch.where(new, made.depth, known))
    return write(
        memory, colour, shown_depth, moving, poses, lens, hints, frame, appearance,
        replaced=new & hints.seen & ~moving,
    )  # fmt: skip


def _stack(tensors: Sequence[Tensor]) -> np.ndarray:
    return torch.stack(list(tensors)).numpy()
