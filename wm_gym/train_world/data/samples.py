"""Training samples of the video model: recorded clips with the hints that a memory would have given along them.

A memory curriculum: the memory of a sample is filled by one of a few regimes, from the whole scene to nothing, so that
the model learns both to keep what is known and to imagine what is not. Knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write
from wm_gym.scenes.keyframe_scale import reduced
from wm_gym.train_world.data.hint_masks import pack_masks, unpack_masks
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import Clip
from wm_gym.world.captures import memory_of_capture
from wm_gym.world_model import Capture

REGIMES = ("walked", "grounded", "brief")
"""What a sample's memory holds: the clip so far; that and other frames of the scene; only the last steps."""

REGIME_SHARES = (0.4, 0.35, 0.25)
BRIEF_STEPS = 2
MOST_GROUNDING_FRAMES, GROUNDING_STRIDE = 24, 4
"""Frames of a clip that grounding takes: at most so many, and at most one in so many."""


@dataclass(frozen=True)
class ClipSample:
    """One clip and its hints, kept small. S steps of F frames, T frames in all.

    Attributes:
        spec: What recorded the clip.
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float16 metres.
        moving: (T, H, W) bool.
        world_from_camera: (T, 4, 4) float32.
        intrinsics: (4,) float32.
        keys: (S, 8) bool.
        prompts: S strings.
        hint_colour: (S, F, H, W, 3) uint8.
        hint_log_depth: (S, F, H, W) float16.
        hint_flags: (S, F, H, W) uint8: bit 0 seen, bit 1 moving, bit 2 same appearance.
        hint_age: (S, F, H, W) uint16 frames.
    """

    spec: RecordingSpec
    frames: np.ndarray
    depth: np.ndarray
    moving: np.ndarray
    world_from_camera: np.ndarray
    intrinsics: np.ndarray
    keys: np.ndarray
    prompts: tuple[str, ...]
    hint_colour: np.ndarray
    hint_log_depth: np.ndarray
    hint_flags: np.ndarray
    hint_age: np.ndarray

    @property
    def num_steps(self) -> int:
        """S."""
        return len(self.keys)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))


def prepare(clip: Clip, seed: int, keyframe_scale: int = 1) -> ClipSample:
    """The sample of one clip; the regime of its memory is drawn by `seed`.

    Args:
        clip: Of frames as large as keyframes.
        seed: Of what is drawn.
        keyframe_scale: Rows of keyframes over those of the sample's frames. The opening and what grounds a memory are
            keyframes; what is seen on the way is written as frames.

    Raises:
        ValueError: If the sizes do not divide.
    """
    rng = np.random.default_rng(seed)
    regime = str(rng.choice(REGIMES, p=REGIME_SHARES))
    memory = _grounding(clip, rng) if regime == "grounded" else Memory.empty(MemoryConfig())
    memory = _write(memory, clip, [0], 0, None)
    clip = reduced_clip(clip, keyframe_scale)
    recent: list[Hints] = []
    for step in range(len(clip.keys)):
        frames = clip.spec.frames_of(step)
        if regime == "brief" and step % BRIEF_STEPS == 0:
            memory = _write(Memory.empty(MemoryConfig()), clip, [frames[0] - 1], 0, None)
        hints = _render(memory, clip, frames, int(clip.appearance[step]))
        recent.append(hints)
        memory = _write(memory, clip, frames, int(clip.appearance[step]), hints)
    return _pack(clip, recent)


def reduced_clip(clip: Clip, scale: int) -> Clip:
    """The clip downsampled, each of `scale` x `scale` pixels as one; masks of events are left out.

    Raises:
        ValueError: If the sizes do not divide.
    """
    if scale == 1:
        return clip
    spec, frames = clip.spec.reduced(scale), _frames_of(clip, range(len(clip.frames)))
    small = reduced(frames, spec.height, spec.width)
    return replace(
        clip,
        spec=spec,
        frames=small.frames.numpy(),
        depth=small.depth.numpy().astype(np.float16),
        moving=small.moving.numpy(),
        intrinsics=small.intrinsics.numpy(),
        event_masks={},
    )


def _frames_of(clip: Clip, chosen: Sequence[int]) -> Capture:
    rows = list(chosen)
    arrays = clip.frames[rows], clip.depth[rows].astype(np.float32), clip.moving[rows], clip.world_from_camera[rows]
    return Capture(*map(torch.from_numpy, arrays), intrinsics=torch.from_numpy(clip.intrinsics))


def _grounding(clip: Clip, rng: np.random.Generator) -> Memory:
    """A memory filled by a capture of some frames of the clip, none of them under a global event."""
    count = min(MOST_GROUNDING_FRAMES, len(clip.frames) // GROUNDING_STRIDE)
    drawn = np.sort(rng.choice(len(clip.frames), size=count, replace=False))
    chosen = drawn[clip.appearance[[clip.spec.step_of(frame) for frame in drawn.tolist()]] == 0]
    return memory_of_capture(_frames_of(clip, chosen.tolist()), MemoryConfig())


def _render(memory: Memory, clip: Clip, frames: Sequence[int], appearance: int) -> Hints:
    height, width = clip.depth.shape[1:]
    poses = torch.from_numpy(clip.world_from_camera[list(frames)])[None]
    lens = torch.from_numpy(clip.intrinsics)[None]
    hints = render([memory], poses, lens, height, width, frame_index=[frames[0]], appearance=[appearance])
    return hints.of_world(0)


def _write(
    memory: Memory,
    clip: Clip,
    frames: Sequence[int],
    appearance: int,
    hints: Hints | None,
) -> Memory:
    chosen = list(frames)
    return write(
        memory,
        torch.from_numpy(clip.frames[chosen]),
        torch.from_numpy(clip.depth[chosen].astype(np.float32)),
        torch.from_numpy(clip.moving[chosen]),
        torch.from_numpy(clip.world_from_camera[chosen]),
        torch.from_numpy(clip.intrinsics),
        hints=hints,
        frame_index=chosen[0],
        appearance=appearance,
    )


def _pack(clip: Clip, hints: Sequence[Hints]) -> ClipSample:
    return ClipSample(
        spec=clip.spec,
        frames=clip.frames,
        depth=clip.depth,
        moving=clip.moving,
        world_from_camera=clip.world_from_camera,
        intrinsics=clip.intrinsics,
        keys=clip.keys,
        prompts=tuple(clip.prompts),
        hint_colour=_stack([h.colour for h in hints]),
        hint_log_depth=_stack([h.log_depth.half() for h in hints]),
        hint_flags=_stack([pack_masks(h) for h in hints]),
        hint_age=_stack([h.age.clamp(0, 65_535) for h in hints]).astype(np.uint16),
    )


def _stack(tensors: Sequence[Tensor]) -> np.ndarray:
    return torch.stack(list(tensors)).numpy()


def unpack_hints(clip_sample: ClipSample, steps: slice) -> Hints:
    """Hints of some steps of a sample, (steps, F, ...)."""
    flags = torch.from_numpy(clip_sample.hint_flags[steps])
    return Hints(
        colour=torch.from_numpy(clip_sample.hint_colour[steps]),
        log_depth=torch.from_numpy(clip_sample.hint_log_depth[steps].astype(np.float32)),
        age=torch.from_numpy(clip_sample.hint_age[steps].astype(np.int32)),
        # not kept: the codec does not read them
        area=(flags & 1).float(),
        from_behind=torch.zeros_like(flags, dtype=torch.bool),
        **unpack_masks(flags),
    )
