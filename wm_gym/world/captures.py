"""What a world that opens on a capture remembers of it, and how a saved state names that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

from wm_gym.last_used import LastUsed
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.kept import MemoryFolder
from wm_gym.memory.keyframes import integrate_frames
from wm_gym.memory.memory import Memory
from wm_gym.memory.packing import with_origin
from wm_gym.scenes.sources import capture_hash, is_unchanged, open_again
from wm_gym.world_model import Capture, CaptureSource


@dataclass(frozen=True)
class MemorySource:
    """What the memory of a capture is built from: the origin that its blocks name.

    Attributes:
        capture: The capture's file.
        config: Bounds and tolerances of the memory.
    """

    capture: CaptureSource
    config: MemoryConfig

    def is_unchanged(self) -> bool:
        """Whether the capture's file is there and still holds that capture."""
        return is_unchanged(self.capture)

    def build(self, what: str, memories: CaptureMemories) -> Memory:
        """The memory; the same object as long as it is kept.

        Args:
            what: Names in messages what needs it, such as "a saved state".
            memories: Those of the world that needs it.

        Raises:
            ValueError: If the capture's file is gone, cannot be read, or holds another capture.
        """
        capture = open_again(self.capture, what).capture
        assert capture is not None
        return memories.of(capture, self.config)

    def to_json(self) -> dict[str, Any]:
        """JSON-able data, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MemorySource:
        """The source that `to_json` was asked of."""
        return cls(CaptureSource(**data["capture"]), MemoryConfig(**data["config"]))


class CaptureMemories:
    """The memories of the captures that worlds opened on last, with these captures."""

    def __init__(self, kept: int, folder: MemoryFolder) -> None:
        """Nothing yet.

        Args:
            kept: Most memories that stay built.
            folder: Where memories are looked up before they are built.

        Raises:
            ValueError: If `kept` is below 1.
        """
        self._memories: LastUsed[tuple[Capture, MemoryConfig], Memory] = LastUsed(kept, "kept_memories")
        self._folder = folder

    def __len__(self) -> int:
        return len(self._memories)

    def of(self, capture: Capture, config: MemoryConfig) -> Memory:
        """The memory of a capture, as `memory_of_capture`; the same object as long as it is kept."""
        return self._memories.get((capture, config), lambda: memory_of_capture(capture, config, self._folder))

    def clear(self) -> None:
        """Free all memories and captures."""
        self._memories.clear()


def memory_of_capture(capture: Capture, config: MemoryConfig, folder: MemoryFolder | None = None) -> Memory:
    """The memory of somebody who has seen a capture's keyframes, near things first.

    What moved is left out, but for the frames that led up to the opening: it will be elsewhere by now. The blocks of a
    capture that was read from a file name it as their origin (`MemorySource`), unless the capture was changed since.

    Args:
        capture: The keyframes.
        config: Bounds and tolerances of the memory.
        folder: Where it is looked up before it is built; None builds it.
    """
    memory = _built(capture, config, folder or MemoryFolder(most_bytes=0))
    if capture.source is None or capture.source.sha256 != capture_hash(capture):
        return memory
    return with_origin(memory, MemorySource(capture.source, config))


def _built(capture: Capture, config: MemoryConfig, folder: MemoryFolder) -> Memory:
    count = len(capture.frames) - capture.lead
    still, poses = torch.where(capture.moving, 0.0, capture.depth), capture.world_from_camera
    memory = folder.memory(capture.frames[:count], still[:count], poses[:count], capture.intrinsics, config)
    if not capture.lead:
        return memory
    lead = capture.frames[count:], capture.depth[count:], capture.moving[count:], poses[count:]
    return integrate_frames(memory, *lead, capture.intrinsics, frame_index=-capture.lead)
