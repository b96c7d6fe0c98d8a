"""Everything that one environment remembers, as one value: the world, the task and the last outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from wm_gym.envs.body import BodySettings
from wm_gym.envs.measures import Measures
from wm_gym.envs.tasks.task import Task, as_tuples
from wm_gym.events.kinds import ActiveEvent
from wm_gym.files.atomic import write_atomically
from wm_gym.files.checksummed import read_file
from wm_gym.memory.hints import Hints
from wm_gym.world import serialization as files
from wm_gym.world.state import Outcome, Thing, WorldState
from wm_gym.world.world import World
from wm_gym.world_model import Chunk, ModelSpec, Packed

Row = TypeVar("Row")


@dataclass(frozen=True)
class Maker:
    """The kind of environment that made a snapshot; only the same kind can go on from it.

    Attributes:
        task: The task's class, "module:Class".
        task_settings: All settings of the task, as JSON holds them.
        body: All settings of the body.
        backend: As `wm_gym.world.serialization.identity`.
        weights: Hash of the weights.
    """

    task: str
    task_settings: Mapping[str, Any]
    body: Mapping[str, float]
    backend: Mapping[str, Any]
    weights: str

    @classmethod
    def of(cls, task: Task[Any], body: BodySettings, spec: ModelSpec) -> Maker:
        """That of an environment."""
        name = f"{type(task).__module__}:{type(task).__qualname__}"
        settings = json.loads(json.dumps(asdict(task)))
        return cls(name, settings, asdict(body), files.identity(spec), spec.weights)


@dataclass(frozen=True)
class EnvState:
    """A snapshot of an environment.

    Attributes:
        world: One world.
        task: State of the task.
        outcome: Of the last step or the opening; from a file, its last frame alone.
        feedback: Result of the last action, in words.
        rng_state: State of the environment's `np_random`.
        is_success: Whether the task's aim was reached at the last step.
        maker: The kind of environment that made it.
        opening_frames: Frames that the world had shown when the episode began.
        is_failure: Whether the task's aim could no longer be reached at the last step.
        measures: How the episode has gone so far.
        verdict: Whether a source of rewards that ends episodes says that the aim is reached; None without one.
    """

    world: WorldState
    task: Any
    outcome: Outcome
    feedback: str
    rng_state: dict[str, Any]
    is_success: bool
    maker: Maker
    opening_frames: int
    is_failure: bool = False
    measures: Measures = field(default_factory=Measures)
    verdict: bool | None = None

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended: by the task's success or failure, or by the source of rewards in its stead."""
        return self.is_success or self.is_failure if self.verdict is None else self.verdict


def to_bytes(state: EnvState, task: Task[Any], loop: World) -> bytes:
    """The snapshot as bytes that `from_bytes` reads in any process.

    Args:
        state: Made by an environment of this task and world.
        task: The task, which packs its own state.
        loop: Its world, which packs its own state.
    """
    kept = ("feedback", "rng_state", "is_success", "is_failure", "opening_frames", "verdict")
    meta = {name: getattr(state, name) for name in kept} | {
        "task": task.pack(state.task),
        "maker": {name: getattr(state.maker, name) for name in ("task", "task_settings", "body")},
        "collided": state.outcome.collided,
        "trust": state.outcome.trust,
        "things": [[asdict(one) for one in things] for things in state.outcome.things],
        "events": [[asdict(one) for one in events] for events in state.outcome.events],
        "measures": asdict(state.measures),
    }
    return files.to_bytes(state.world, loop, Packed(_last_frame(state.outcome), meta))


def from_bytes(data: bytes, maker: Maker, task: Task[Any], loop: World, what: str = "a saved state") -> EnvState:
    """The snapshot that `to_bytes` was given.

    Args:
        data: The bytes.
        maker: Of the environment that is to go on from it.
        task: Its task.
        loop: Its world.
        what: Names the snapshot in messages.

    Raises:
        ValueError: If the bytes are damaged, or of another version, backend, weights, task or body.
    """
    world, extra = files.from_bytes(data, loop, what)
    meta = extra.meta
    _check_same(replace(maker, **meta["maker"]), maker, what)
    outcome = _outcome(extra.tensors, meta)
    return EnvState(
        world=world,
        task=task.unpack(meta["task"]),
        outcome=outcome,
        feedback=meta["feedback"],
        rng_state=meta["rng_state"],
        is_success=meta["is_success"],
        maker=maker,
        opening_frames=meta["opening_frames"],
        is_failure=meta["is_failure"],
        measures=Measures(**meta["measures"]),
        verdict=meta["verdict"],
    )


def check(state: EnvState, maker: Maker, spec: ModelSpec, what: str = "a saved state") -> None:
    """Make sure that an environment can go on from a snapshot, by the rules that `from_bytes` has for bytes.

    Raises:
        ValueError: If it is of another backend, size, weights, task or body.
    """
    files.check_maker(state.maker.backend, state.maker.weights, spec, what)
    _check_same(state.maker, maker, what)


def _check_same(theirs: Maker, ours: Maker, what: str) -> None:
    if theirs.task != ours.task:
        raise ValueError(f"{what} must be of task {ours.task}, got {theirs.task}")
    for name, words in (("task_settings", "task settings"), ("body", "a body of")):
        asked, came = _differences(getattr(ours, name), getattr(theirs, name))
        if asked or came:
            raise ValueError(f"{what} must be of {words} {asked}, got {came}")


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What each of two mappings has that the other has not."""
    return (
        {name: value for name, value in ours.items() if name not in theirs or theirs[name] != value},
        {name: value for name, value in theirs.items() if name not in ours or ours[name] != value},
    )


def save(path: str | Path, state: EnvState, task: Task[Any], loop: World) -> None:
    """Write a snapshot, whole or not at all.

    Raises:
        RuntimeError: If the disk cannot take it; an older file stays as it was.
    """
    data = to_bytes(state, task, loop)
    write_atomically(Path(path), lambda file: file.write(data))


def load(path: str | Path, maker: Maker, task: Task[Any], loop: World) -> EnvState:
    """The snapshot in a file.

    Raises:
        ValueError: If the file cannot be read or is damaged, or of another version, backend, weights, task or body.
    """
    return from_bytes(read_file(Path(path), "a saved state"), maker, task, loop, f"saved state {path}")


def _last_frame(outcome: Outcome) -> dict[str, torch.Tensor]:
    chunk = outcome.chunk
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
    by_frame = {
        "body_poses": torch.from_numpy(outcome.body_poses),
        "frames": chunk.frames,
        "depth": chunk.depth,
        "moving": chunk.moving,
        "poses": chunk.world_from_camera,
    }
    by_frame |= {f"hint_{name}": value for name, value in vars(outcome.hints).items()}
    return {name: value[:, -1:] for name, value in by_frame.items()} | {"intrinsics": outcome.intrinsics}


def _outcome(tensors: dict[str, torch.Tensor], meta: Mapping[str, Any]) -> Outcome:
    hints = Hints(**{name.removeprefix("hint_"): t for name, t in tensors.items() if name.startswith("hint_")})
    chunk = Chunk(tensors["frames"], tensors["depth"], tensors["moving"], tensors["poses"])
    return Outcome(
        chunk=chunk,
        hints=hints,
        body_poses=tensors["body_poses"].numpy(),
        intrinsics=tensors["intrinsics"],
        collided=tuple(meta["collided"]),
        trust=tuple(meta["trust"]),
        things=_rows(Thing, meta["things"]),
        events=_rows(ActiveEvent, meta["events"]),
    )


def _rows(kind: type[Row], rows: list[list[dict[str, Any]]]) -> tuple[tuple[Row, ...], ...]:
    """Values for each world, from what JSON made of them."""
    return tuple(tuple(kind(**{name: as_tuples(part) for name, part in row.items()}) for row in one) for one in rows)
