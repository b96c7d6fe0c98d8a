"""`SessionModel`: a model whose worlds are sessions on a server; a subclass says how such a session is spoken to.

A session has one present and cannot be forked, while a state is a value. So a world's value names its session, the
step that this has come to, and the last frame. Where the session has gone on, ended or is of another process, a new
one opens on that frame: what only the server remembered of the place is lost then, and memory here is not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from wm_gym.backends.base import BaseModel
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.world_model import Chunk, Condition, ModelSpec, Opening


@dataclass(frozen=True, eq=False)
class SessionOpening:
    """What a session opens on.

    Attributes:
        picture: (H, W, 3) uint8, the first frame.
        prompt: What is to be seen.
        seed: Of all chance there.
        intrinsics: (4,) float32 fx, fy, cx, cy in pixels of the server's frames.
    """

    picture: np.ndarray
    prompt: str
    seed: int
    intrinsics: np.ndarray


@dataclass(frozen=True, eq=False)
class SessionStep:
    """What one step asks of a session.

    Attributes:
        keys: (T, 8) bool, columns as `geometry.motion.KEYS`.
        poses: (T, 4, 4) float32 camera poses in the frame of the camera that the session opened with, metres.
        prompt: What is to be seen from now on.
    """

    keys: np.ndarray
    poses: np.ndarray
    prompt: str


class Session(Protocol):
    """One world on a server."""

    def open(self, opening: SessionOpening) -> np.ndarray:
        """The frames that it opens with, (T, H, W, 3) uint8."""
        ...

    def step(self, step: SessionStep) -> np.ndarray:
        """The frames of a step, (T, H, W, 3) uint8."""
        ...

    def close(self) -> None:
        """End it; the server frees what it kept."""
        ...


@dataclass
class _Live:
    """A session and where it stands."""

    session: Session
    origin: np.ndarray
    steps: int = 0


@dataclass
class ServerFrames:
    """What a server gives, where it is not what worlds show.

    Attributes:
        height: Rows of its frames; 0 for those of the world.
        width: Columns; 0 likewise.
        first_frames: Frames of the first chunk.
        frames_per_step: Frames of each later one.
        fps: Frames of world time in a second.
    """

    height: int = 0
    width: int = 0
    first_frames: int = 9
    frames_per_step: int = 12
    fps: float = 16.0


class SessionModel(BaseModel):
    """Worlds in sessions of a server.

    Frames of the server are averaged down to those of the world where they are larger. It gives colour alone: depth,
    and what moves, are reconstructed.
    """

    def __init__(
        self, spec: ModelSpec, frames: ServerFrames, connect: Callable[[], Session], most_sessions: int
    ) -> None:
        """Keep no session yet.

        Args:
            spec: Of the model, at the size of the world's frames.
            frames: What the server gives.
            connect: Makes a session that is not open yet.
            most_sessions: Sessions that stay open; the one that was used longest ago is closed.

        Raises:
            ValueError: If the sizes have other proportions, or `most_sessions` is below 1.
        """
        self.spec, self._connect, self._most = spec, connect, most_sessions
        self._size = (frames.height or spec.height, frames.width or spec.width)
        if self._size[0] * spec.width != self._size[1] * spec.height:
            raise ValueError(
                f"frames of the world must have the proportions of the server's, {self._size[0]} x {self._size[1]}, "
                f"got {spec.height} x {spec.width}"
            )
        if most_sessions < 1:
            raise ValueError(f"most_sessions must be at least 1, got {most_sessions}")
        self._live: OrderedDict[str, _Live] = OrderedDict()

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[tuple[Any, ...], Chunk]:
        """Open a session for each world.

        Raises:
            ValueError: If an opening has no picture, the server gives other frames than it was said to, or worlds are
                more than sessions may be.
            ConnectionError: If the server does not answer.
            RuntimeError: If it refuses.
        """
        asked = [self._opening(opening, seed) for opening, seed in zip(openings, seeds, strict=True)]
        origin = camera_pose(START_BODY_POSE).astype(np.float32)
        made = self._each(lambda one: self._open(one, origin), asked)
        worlds = [_world(name, 0, frames, origin, one) for (name, frames), one in zip(made, asked, strict=True)]
        return tuple(worlds), self._chunk([frames for _, frames in made])

    def step(self, state: tuple[Any, ...], condition: Condition) -> tuple[tuple[Any, ...], Chunk]:
        """Go on in the session of each world, or in a new one that opens on its last frame.

        Raises:
            ValueError: If the server gives other frames than it was said to.
            ConnectionError: If the server does not answer.
            RuntimeError: If it refuses.
        """
        poses, keys = condition.world_from_camera.numpy(), condition.keys.numpy()
        asked = [(world, poses[n], keys[n], condition.prompts[n][-1]) for n, world in enumerate(state)]
        made = self._each(lambda one: self._step(*one), asked)
        return tuple(world for world, _ in made), self._chunk([frames for _, frames in made])

    def close(self) -> None:
        """Close all sessions."""
        while self._live:
            self._live.popitem()[1].session.close()

    def _opening(self, opening: Opening, seed: int) -> SessionOpening:
        if opening.image is None:
            raise ValueError(f"backend {self.spec.name!r} must open on a picture, got none for {opening.name!r}")
        scale = self._size[0] / self.spec.height
        return SessionOpening(
            opening.image.numpy(), opening.prompt, int(seed), (opening.intrinsics.numpy() * scale).astype(np.float32)
        )

    def _open(self, opening: SessionOpening, origin: np.ndarray) -> tuple[str, np.ndarray]:
        name, session = uuid4().hex, self._connect()
        try:
            frames = self._checked(session.open(opening), self.spec.first_frames)
        except BaseException:
            session.close()
            raise
        self._live[name] = _Live(session, origin)
        while len(self._live) > self._most:
            self._live.popitem(last=False)[1].session.close()
        return name, frames

    def _step(
        self, world: dict[str, Any], poses: np.ndarray, keys: np.ndarray, prompt: str
    ) -> tuple[dict[str, Any], np.ndarray]:
        name, live = self._session_of(world, prompt)
        step = SessionStep(keys, (np.linalg.inv(live.origin) @ poses).astype(np.float32), prompt)
        try:
            frames = self._checked(live.session.step(step), self.spec.frames_per_step)
        except BaseException:
            self._live.pop(name, None)
            live.session.close()
            raise
        live.steps += 1
        opening = SessionOpening(frames[-1], prompt, world["seed"], world["intrinsics"].numpy())
        return _world(name, live.steps, frames, poses[-1], opening), frames

    def _session_of(self, world: dict[str, Any], prompt: str) -> tuple[str, _Live]:
        name = world["session"]
        if name not in self._live or self._live[name].steps != world["steps"]:
            picture, intrinsics = world["frame"].numpy(), world["intrinsics"].numpy()
            opening = SessionOpening(picture, prompt, world["seed"], intrinsics)
            name, _ = self._open(opening, world["pose"].numpy())
        self._live.move_to_end(name)
        return name, self._live[name]

    def _checked(self, frames: np.ndarray, count: int) -> np.ndarray:
        wanted = (count, *self._size, 3)
        if frames.shape != wanted or frames.dtype != np.uint8:
            raise ValueError(
                f"frames of the server must be {wanted} uint8, as server, first_frames and frames_per_step say, got "
                f"{frames.shape} {frames.dtype}"
            )
        return frames

    def _chunk(self, frames: Sequence[np.ndarray]) -> Chunk:
        given = torch.from_numpy(np.stack(frames))
        return Chunk(given if self._size == (self.spec.height, self.spec.width) else self._smaller(given))

    def _smaller(self, frames: Tensor) -> Tensor:
        flat = frames.flatten(0, 1).movedim(-1, 1).float()
        small = interpolate(flat, (self.spec.height, self.spec.width), mode="area")
        return small.round().to(torch.uint8).movedim(1, -1).unflatten(0, frames.shape[:2])

    def _each(self, call: Callable[[Any], Any], asked: Sequence[Any]) -> list[Any]:
        """All at once, since each waits for the server."""
        if len(asked) > self._most:
            raise ValueError(f"worlds of a batch must be at most most_sessions, {self._most}, got {len(asked)}")
        if len(asked) == 1:
            return [call(asked[0])]
        with ThreadPoolExecutor(len(asked)) as pool:
            return list(pool.map(call, asked))


def _world(name: str, steps: int, frames: np.ndarray, pose: np.ndarray, opening: SessionOpening) -> dict[str, Any]:
    return {
        "session": name, "steps": steps, "frame": torch.from_numpy(frames[-1].copy()),
        "pose": torch.from_numpy(pose.astype(np.float32)), "intrinsics": torch.from_numpy(opening.intrinsics.copy()),
        "seed": opening.seed,
    }  # fmt: skip
