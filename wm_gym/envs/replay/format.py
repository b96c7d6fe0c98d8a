"""A replay: one walk on disk, with all that is needed to generate it again and every frame to compare with.

`docs/replays.md` says what a file holds. A damaged file is refused, part by part (`wm_gym.files.checksummed`).
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from wm_gym.files.atomic import write_atomically
from wm_gym.files.checksummed import FileKind, pack_checksummed, read_file, unpack_checksummed
from wm_gym.world.fingerprint import Fingerprint
from wm_gym.world.state import Outcome

KIND = FileKind("wm_gym.replay", 2)


@dataclass(frozen=True, eq=False)
class RecordedStep:
    """Recording of one step, or of the opening.

    Attributes:
        picture: All T frames of it one above another, a PNG of T * H rows.
        digests: Hashes of "frames", "depth" and "moving", 16 hexadecimal digits each.
        body_poses: (T, 5) float64 x, y, z, yaw, pitch of the body in each frame, metres and radians, world frame.
        reward: Of the step.
        is_success: Whether the task's aim was reached.
    """

    picture: bytes
    digests: Mapping[str, str]
    body_poses: np.ndarray
    reward: float
    is_success: bool

    @classmethod
    def of(cls, outcome: Outcome, reward: float, is_success: bool) -> RecordedStep:
        """The record of one world's outcome, a reward and whether it was a success."""
        frames = outcome.chunk.frames[0].cpu().numpy()
        return cls(_png(frames), digests_of(outcome), outcome.body_poses[0].copy(), float(reward), bool(is_success))

    def frames(self, height: int) -> np.ndarray:
        """All frames of the step, (T, H, W, 3) uint8; `height` is H."""
        stacked = np.asarray(Image.open(io.BytesIO(self.picture)))
        return stacked.reshape(-1, height, *stacked.shape[1:])


@dataclass(frozen=True, eq=False)
class Replay:
    """One walk of S steps.

    Attributes:
        env_id: The registered id, for people; empty without one.
        settings: Fields of `EpisodeConfig`.
        seed: That `reset` was given, or None. A seed beside a state among the options makes another future of it.
        rng_state: Of the environment's random numbers when the episode opened.
        options: Of `reset`; arrays and the bytes of a state among them.
        actions: (S, ...) as the action space has them.
        scripts: Step after which the events were changed from outside, to the script of events from there on.
        shown: S + 1 records; row 0 is the opening.
        states: Step to the bytes of a snapshot after it, for some steps.
        fps: Frames of world time per second.
        fingerprint: Where it was made.
    """

    env_id: str
    settings: Mapping[str, Any]
    seed: int | None
    rng_state: Mapping[str, Any]
    options: Mapping[str, Any]
    actions: np.ndarray
    scripts: Mapping[int, Mapping[str, Any]]
    shown: tuple[RecordedStep, ...]
    states: Mapping[int, bytes]
    fps: float
    fingerprint: Fingerprint

    @property
    def num_steps(self) -> int:
        """Number of steps S."""
        return len(self.actions)

    def check_step(self, step: int) -> None:
        """Make sure that there is such a step; 0 is the opening.

        Raises:
            ValueError: If there is none.
        """
        if not 0 <= step <= self.num_steps:
            raise ValueError(f"a step of this replay must be from 0 to {self.num_steps}, got {step}")

    def describe(self) -> str:
        """A line for a terminal: steps, backend, seed, world, snapshots."""
        settings, made = self.settings, self.fingerprint
        words = f"{self.num_steps} steps of {self.env_id or settings['task']} by {made.backend}, seed {self.seed}"
        return (
            f"{words}, world {settings['world'] or 'by the seed'}, snapshots after {sorted(self.states) or 'no step'}"
        )

    def save(self, path: str | Path) -> None:
        """Write the replay, whole or not at all.

        Raises:
            RuntimeError: If the disk cannot take it; an older file stays as it was.
        """
        data = self.to_bytes()
        write_atomically(Path(path), lambda file: file.write(data))

    @classmethod
    def load(cls, path: str | Path) -> Replay:
        """The replay in a file.

        Raises:
            ValueError: If the file cannot be read, is none, damaged or of another version.
        """
        return cls.from_bytes(read_file(Path(path), "a replay"), f"replay {path}")

    def to_bytes(self) -> bytes:
        """The bytes that `from_bytes` reads."""
        options, tensors = _plain_options(self.options)
        tensors["actions"] = torch.from_numpy(self.actions)
        tensors["body_poses"] = torch.from_numpy(np.concatenate([shown.body_poses for shown in self.shown]))
        tensors |= {f"frames.{step:06d}": _bytes_tensor(shown.picture) for step, shown in enumerate(self.shown)}
        tensors |= {f"state.{step:06d}": _bytes_tensor(zlib.compress(data, 1)) for step, data in self.states.items()}
        header = {
            "env_id": self.env_id,
            "settings": self.settings,
            "seed": self.seed,
            "rng_state": self.rng_state,
            "options": options,
            "scripts": {str(step): script for step, script in self.scripts.items()},
            "shown": [
                [*shown.digests.values(), len(shown.body_poses), shown.reward, shown.is_success] for shown in self.shown
            ],
            "fps": self.fps,
            "fingerprint": self.fingerprint.to_json(),
        }
        return pack_checksummed(KIND, header, tensors)

    @classmethod
    def from_bytes(cls, data: bytes, what: str = "a replay") -> Replay:
        """The replay that `to_bytes` was called on; `what` names it in messages.

        Raises:
            ValueError: If the bytes are no replay, damaged or of another version.
        """
        header, tensors = unpack_checksummed(data, KIND, what)
        return cls(
            env_id=header["env_id"],
            settings=header["settings"],
            seed=header["seed"],
            rng_state=header["rng_state"],
            options=header["options"] | _large_options(tensors),
            actions=tensors["actions"].numpy(),
            scripts={int(step): script for step, script in header["scripts"].items()},
            shown=tuple(_shown(header["shown"], tensors)),
            states={step: zlib.decompress(state) for step, state in _numbered(tensors, "state.").items()},
            fps=header["fps"],
            fingerprint=Fingerprint.from_json(header["fingerprint"]),
        )


_DIGESTS = ("frames", "depth", "moving")


def digests_of(outcome: Outcome) -> dict[str, str]:
    """Hashes of frames, depth and moving mask of one world's outcome."""
    parts = (getattr(outcome.chunk, name) for name in _DIGESTS)
    return {name: _digest(part[0]) for name, part in zip(_DIGESTS, parts, strict=True)}


def _digest(part: Tensor) -> str:
    return hashlib.blake2b(np.ascontiguousarray(part.cpu().numpy()).tobytes(), digest_size=8).hexdigest()


def _png(frames: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(frames).reshape(-1, *frames.shape[2:])).save(file, "PNG")
    return file.getvalue()


def _shown(rows: list[list[Any]], tensors: Mapping[str, Tensor]) -> Iterator[RecordedStep]:
    pictures, body_poses, first = _numbered(tensors, "frames."), tensors["body_poses"].numpy(), 0
    for step, (*digests, num_frames, reward, is_success) in enumerate(rows):
        path = body_poses[first : first + num_frames]
        yield RecordedStep(pictures[step], dict(zip(_DIGESTS, digests, strict=True)), path, reward, is_success)
        first += num_frames


def _numbered(tensors: Mapping[str, Tensor], prefix: str) -> dict[int, bytes]:
    found = {name: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    return {int(name.removeprefix(prefix)): found[name].numpy().tobytes() for name in sorted(found)}


def _bytes_tensor(data: bytes) -> Tensor:
    return torch.from_numpy(np.frombuffer(data, np.uint8).copy())


def _plain_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The options that JSON can hold, and arrays and bytes as tensors."""
    plain, tensors = {}, {}
    for name, value in options.items():
        if isinstance(value, np.ndarray):
            tensors[f"option.{name}"] = torch.from_numpy(value)
        elif isinstance(value, bytes):
            tensors[f"bytes.{name}"] = _bytes_tensor(value)
        else:
            plain[name] = value
    return plain, tensors


def _large_options(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    arrays = {name.removeprefix("option."): t.numpy() for name, t in tensors.items() if name.startswith("option.")}
    states = {
        name.removeprefix("bytes."): t.numpy().tobytes() for name, t in tensors.items() if name.startswith("bytes.")
    }
    return arrays | states
