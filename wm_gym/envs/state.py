"""Everything that one environment remembers, as one value: the world, the task and what was shown last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from wm_gym.envs.tasks.task import Task
from wm_gym.files.atomic import write_atomically
from wm_gym.files.checksummed import read_file
from wm_gym.memory.hints import Hints
from wm_gym.world import serialization as files
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World
from wm_gym.world_model import Chunk, ModelSpec, Packed


@dataclass(frozen=True)
class Maker:
    """What made a snapshot, and therefore what can go on from it.

    Attributes:
        task: Name of the task's class.
        backend: As `wm_gym.world.serialization.identity`.
        weights: Hash of the weights.
    """

    task: str
    backend: Mapping[str, Any]
    weights: str

    @classmethod
    def of(cls, task: Task[Any], spec: ModelSpec) -> Maker:
        """That of an environment."""
        return cls(type(task).__name__, files.identity(spec), spec.weights)


@dataclass(frozen=True)
class EnvState:
    """A snapshot of an environment.

    Attributes:
        world: One world.
        task: State of the task.
        outcome: What was shown last; after a file, its last frame alone.
        feedback: What the last action came to, in words.
        rng_state: State of the environment's `np_random`.
        is_success: Whether the task's aim was reached at the last step.
        maker: What made it.
    """

    world: WorldState
    task: Any
    outcome: Outcome
    feedback: str
    rng_state: dict[str, Any]
    is_success: bool
    maker: Maker


def to_bytes(state: EnvState, task: Task[Any], loop: World) -> bytes:
    """The snapshot as bytes that `from_bytes` reads in any process.

    Raises:
        ValueError: If it is of another backend, size, weights or task.
    """
    check(state, task, loop.spec)
    meta = {
        "task": task.pack(state.task),
        "task_name": state.maker.task,
        "feedback": state.feedback,
        "rng_state": state.rng_state,
        "is_success": state.is_success,
        "collided": state.outcome.collided,
        "trust": state.outcome.trust,
    }
    return files.to_bytes(state.world, loop, Packed(_last_frame(state.outcome), meta))


def from_bytes(data: bytes, task: Task[Any], loop: World, what: str = "a saved state") -> EnvState:
    """The snapshot that `to_bytes` was given; `what` names it in messages.

    Raises:
        ValueError: If the bytes are damaged, or of another version, backend, weights or task.
    """
    world, extra = files.from_bytes(data, loop, what)
    meta, maker = extra.meta, Maker.of(task, loop.spec)
    _check_task(meta.get("task_name"), task, what)
    outcome = _outcome(extra.tensors, tuple(meta["collided"]), tuple(meta["trust"]))
    return EnvState(
        world, task.unpack(meta["task"]), outcome, meta["feedback"], meta["rng_state"], meta["is_success"], maker
    )


def check(state: EnvState, task: Task[Any], spec: ModelSpec, what: str = "a saved state") -> None:
    """Make sure that an environment can go on from a snapshot, by the rules that `from_bytes` has for bytes.

    Raises:
        ValueError: If it is of another backend, size, weights or task.
    """
    files.check_maker(state.maker.backend, state.maker.weights, spec, what)
    _check_task(state.maker.task, task, what)


def _check_task(name: str | None, task: Task[Any], what: str) -> None:
    if name != type(task).__name__:
        raise ValueError(f"{what} must be of task {type(task).__name__}, got {name}")


def save(path: str | Path, state: EnvState, task: Task[Any], loop: World) -> None:
    """Write a snapshot, whole or not at all.

    Raises:
        RuntimeError: If the disk cannot take it; an older file stays as it was.
    """
    data = to_bytes(state, task, loop)
    write_atomically(Path(path), lambda file: file.write(data))


def load(path: str | Path, task: Task[Any], loop: World) -> EnvState:
    """The snapshot in a file.

    Raises:
        ValueError: If the file cannot be read or is damaged, or of another version, backend, weights or task.
    """
    return from_bytes(read_file(Path(path), "a saved state"), task, loop, f"saved state {path}")


def _last_frame(outcome: Outcome) -> dict[str, torch.Tensor]:
    chunk = outcome.chunk
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
    by_frame = {
        "body_poses": torch.from_numpy(outcome.body_poses),
        "frames": chunk.frames,
        "depth": chunk.depth,
        "moving": chunk.moving,
    }
    by_frame |= {"poses": chunk.world_from_camera}
    by_frame |= {f"hint_{name}": value for name, value in vars(outcome.hints).items()}
    return {name: value[:, -1:] for name, value in by_frame.items()} | {"intrinsics": outcome.intrinsics}


def _outcome(tensors: dict[str, torch.Tensor], collided: tuple[bool, ...], trust: tuple[float, ...]) -> Outcome:
    hints = Hints(**{name.removeprefix("hint_"): t for name, t in tensors.items() if name.startswith("hint_")})
    chunk = Chunk(tensors["frames"], tensors["depth"], tensors["moving"], tensors["poses"])
    return Outcome(chunk, hints, tensors["body_poses"].numpy(), tensors["intrinsics"], collided, trust)
