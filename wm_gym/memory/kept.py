"""Memories built from keyframes, kept as files in a folder of the user's, so that no later process builds them again.

A file is named by a hash of all that decides its bytes: the keyframes, the settings, the source of this room, and the
processor and libraries that round. Knows nothing of captures.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import llvmlite.binding as llvm
import numba
import numpy as np
import torch
from torch import Tensor

from wm_gym.files.atomic import sweep, write_atomically
from wm_gym.files.checksummed import FileKind, pack_checksummed, unpack_checksummed
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.keyframes import build_memory
from wm_gym.memory.memory import Memory
from wm_gym.memory.packing import PackedMemories, pack_memories, unpack_memories

KIND = FileKind("wm_gym.built_memory", 1)
SUFFIX = ".memory"
MOST_BYTES = 2**30
"""Default bound on all files together."""


def user_folder() -> Path:
    """Where the memories of a user are kept: `wm_gym/memories` in XDG_CACHE_HOME, or in `~/.cache`."""
    asked = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (asked if asked.is_absolute() else Path(os.path.expanduser("~/.cache"))) / "wm_gym" / "memories"


class MemoryFolder:
    """Built memories as files, the least lately used of which are removed beyond a bound.

    A folder that cannot be written keeps nothing, and a damaged file counts as none: then memories are built.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, path: Path | None = None) -> None:
        """A folder, which is made when something is kept.

        Args:
            most_bytes: Most bytes of all files together; 0 keeps none and reads none.
            path: The folder; None is that of the user.

        Raises:
            ValueError: If the bound is negative.
        """
        if most_bytes < 0:
            raise ValueError(f"most_bytes must be at least 0, got {most_bytes}")
        self.most_bytes, self.path = most_bytes, user_folder() if path is None else path

    def memory(
        self, frames: Tensor, depth: Tensor, world_from_camera: Tensor, intrinsics: Tensor, config: MemoryConfig
    ) -> Memory:
        """The memory of K keyframes, read or else built and kept; arguments as those of `keyframes.build_memory`."""
        keyframes = frames, depth, world_from_camera, intrinsics
        if not self.most_bytes:
            return build_memory(*keyframes, config)
        path = self.path / f"{self._name(keyframes, config)}{SUFFIX}"
        memory = _read(path)
        if memory is None:
            memory = build_memory(*keyframes, config)
            self._keep(path, memory)
        return memory

    def _name(self, keyframes: tuple[Tensor, ...], config: MemoryConfig) -> str:
        total = hashlib.sha256((_MADE_BY.text + json.dumps(asdict(config))).encode())
        for tensor in keyframes:
            total.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            total.update(tensor.detach().cpu().contiguous().numpy().data)
        return total.hexdigest()

    def _keep(self, path: Path, memory: Memory) -> None:
        packed = pack_memories([memory])
        data = pack_checksummed(KIND, packed.meta, packed.tensors)
        if len(data) > self.most_bytes:
            return
        with suppress(OSError, RuntimeError):
            self.path.mkdir(parents=True, exist_ok=True)
            self._make_room(len(data))
            write_atomically(path, lambda file: file.write(data))
            _mark_used(path)

    def _make_room(self, num_bytes: int) -> None:
        """Remove files, the least lately used first, until so many bytes more are within the bound."""
        sweep(self.path)
        files = sorted((status.st_mtime_ns, status.st_size, path) for path, status in _files(self.path))
        total = sum(size for _, size, _ in files) + num_bytes
        for _, size, path in files:
            if total <= self.most_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):  # another process may have removed it
            found.append((path, path.stat()))
    return found


def _read(path: Path) -> Memory | None:
    """The memory in a file, which then counts as used; None where there is no such file or it is damaged."""
    try:
        header, tensors = unpack_checksummed(path.read_bytes(), KIND, "a kept memory")
        memory = unpack_memories(PackedMemories(tensors, header))[0]
    except (OSError, ValueError):
        return None
    with suppress(OSError):
        _mark_used(path)
    return memory


def _mark_used(path: Path) -> None:
    """Note that a file was used now; the system's own clock of files stands still for milliseconds."""
    now = time.time_ns()
    os.utime(path, ns=(now, now))


@dataclass(frozen=True)
class _Maker:
    """What builds memories here, beside keyframes and settings."""

    room: Path

    @cached_property
    def text(self) -> str:
        """The hash of the source, the versions of libraries and the processor."""
        total = hashlib.sha256()
        for path in sorted(self.room.glob("*.py")):
            total.update(path.read_bytes())
        versions = [numba.__version__, np.__version__, torch.__version__]
        return " ".join([total.hexdigest(), *versions, llvm.get_host_cpu_name()])  # type: ignore[no-untyped-call]


_MADE_BY = _Maker(Path(__file__).parent)
