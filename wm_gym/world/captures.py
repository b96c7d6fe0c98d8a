"""What a world that opens on a capture remembers of it."""

from __future__ import annotations

from functools import lru_cache

import torch

from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.keyframes import build_memory, integrate_frames
from wm_gym.memory.memory import Memory
from wm_gym.world_model import Capture


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
