"""Checkpoints of a training: everything that an exact resume needs, as one checksummed file without pickle.

That is the learner's networks, optimizers and counters, its buffer of past steps where it has one, the random numbers
of the process, and the worlds as they stand: a world is a value, so it can be written down like the rest.
"""

from __future__ import annotations

import random
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wm_gym.agents.rl.trees import flatten, unflatten
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.files.atomic import write_atomically
from wm_gym.files.checksummed import FileKind, pack_checksummed, read_file, unpack_checksummed

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


KIND = FileKind("wm-gym training", 1)

_COUNTERS = (
    "num_timesteps", "_n_updates", "_n_calls", "_episode_num", "exploration_rate", "_current_progress_remaining",
    "_last_obs", "_last_episode_starts", "_last_lstm_states",
)  # fmt: skip
_BUFFER_COUNTERS = ("pos", "full")
_BUFFER_ROWS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
_MONITOR = ("episode_returns", "episode_lengths", "episode_count")

Snapshot = dict[str, Any]
"""A training as it stands: names to nested values."""


def take(model: BaseAlgorithm, venv: WorldVectorEnv) -> Snapshot:
    """A training as it stands between two rollouts. Networks and buffers in it are the model's own, not copies."""
    found = {"parameters": model.get_parameters(), "counters": _counters(model), "random": _random_state(model)}
    found["variables"] = _variables(model)
    found["episodes"] = [list(model.ep_info_buffer or ()), list(model.ep_success_buffer or ())]
    found["monitor"] = {name: np.copy(getattr(_monitor(model), name)) for name in _MONITOR}
    found["worlds"] = [sub_env.get_state() for sub_env in venv.sub_envs]
    buffer = getattr(model, "replay_buffer", None)
    if buffer is not None:
        found["buffer"] = _buffer(buffer)
    return found


def write(path: Path, snapshot: Snapshot, venv: WorldVectorEnv, config: dict[str, Any], extra: dict[str, Any]) -> None:
    """Write a checkpoint; the old file stays whole until the new one is.

    Args:
        path: File to write or replace.
        snapshot: What `take` gave.
        venv: The worlds of the training.
        config: Settings that must be the same when it is read.
        extra: JSON-able data that `read` gives back.
    """
    worlds = [venv.core.write_state(state) for state in snapshot["worlds"]]
    plain, tensors = flatten(snapshot | {"worlds": worlds})
    data = pack_checksummed(KIND, {"config": config, "extra": extra, "training": plain}, tensors)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda file: file.write(data))


def read(path: Path, model: BaseAlgorithm, venv: WorldVectorEnv, config: dict[str, Any]) -> dict[str, Any]:
    """Put a training back as it stood; gives the extra data.

    Raises:
        ValueError: If the file is damaged, of another version, or of a run with other settings.
    """
    header, tensors = unpack_checksummed(read_file(path, "a checkpoint"), KIND, f"checkpoint {path}")
    changed = sorted(name for name in config if config[name] != header["config"].get(name))
    if changed:
        raise ValueError(
            f"a resumed run must keep its settings, got another {changed[0]!r} than {path} has: "
            f"{header['config'].get(changed[0])}"
        )
    _restore(unflatten(header["training"], tensors), model, venv)
    return header["extra"]


def _restore(found: Snapshot, model: BaseAlgorithm, venv: WorldVectorEnv) -> None:
    model.set_parameters(found["parameters"], device=model.device)
    for name, value in found["counters"].items():
        setattr(model, name, _as_states(value, model) if name == "_last_lstm_states" else value)
    for name, value in found["variables"].items():
        _inner(model, name).data.copy_(value)
    size = model._stats_window_size
    model.ep_info_buffer, model.ep_success_buffer = (deque(rows, maxlen=size) for rows in found["episodes"])
    for name, value in found["monitor"].items():
        setattr(_monitor(model), name, value if value.shape else value.item())
    venv.set_state(found["worlds"])
    if "buffer" in found:
        _restore_buffer(found["buffer"], getattr(model, "replay_buffer"))  # noqa: B009 (not every learner has one)
    _set_random_state(found["random"], model)


def _counters(model: BaseAlgorithm) -> dict[str, Any]:
    found = {name: getattr(model, name) for name in _COUNTERS if hasattr(model, name)}
    return {name: _copied(value) for name, value in found.items() if value is not None}


def _variables(model: BaseAlgorithm) -> dict[str, torch.Tensor]:
    """Learnt tensors that are in no network, such as SAC's weight of the entropy."""
    found = {name: _inner(model, name) for name in model._get_torch_save_params()[1]}
    return {name: value.detach() for name, value in found.items() if value is not None}


def _copied(value: Any) -> Any:
    match value:
        case dict():
            return {name: _copied(one) for name, one in value.items()}
        case tuple():
            return tuple(_copied(one) for one in value)
        case torch.Tensor():
            return value.clone()
    return np.copy(value) if isinstance(value, np.ndarray) else value


def _as_states(value: Any, model: BaseAlgorithm) -> Any:
    """The memory of a recurrent policy, in the type that it comes in."""
    return type(model._last_lstm_states)(*value)  # type: ignore[attr-defined]


def _random_state(model: BaseAlgorithm) -> dict[str, Any]:
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state().clone(),
        "actions": model.action_space.np_random.bit_generator.state,
    }


def _set_random_state(found: dict[str, Any], model: BaseAlgorithm) -> None:
    random.setstate(found["python"])
    np.random.set_state(found["numpy"])
    torch.set_rng_state(found["torch"])
    model.action_space.np_random.bit_generator.state = found["actions"]


def _inner(model: BaseAlgorithm, name: str) -> Any:
    for part in name.split("."):
        model = getattr(model, part, None)  # type: ignore[assignment]
    return model


def _monitor(model: BaseAlgorithm) -> Any:
    """The wrapper that sums up episodes."""
    from stable_baselines3.common.vec_env import VecMonitor

    env: Any = model.get_env()
    while not isinstance(env, VecMonitor):
        env = env.venv
    return env


def _buffer(buffer: Any) -> dict[str, Any]:
    """The part of a buffer of past steps that is filled."""
    count = buffer.buffer_size if buffer.full else buffer.pos
    rows = {name: getattr(buffer, name) for name in _BUFFER_ROWS}
    filled = {
        name: {part: one[:count] for part, one in array.items()} if isinstance(array, dict) else array[:count]
        for name, array in rows.items()
    }
    return {"rows": filled} | {name: getattr(buffer, name) for name in _BUFFER_COUNTERS}


def _restore_buffer(found: dict[str, Any], buffer: Any) -> None:
    for name, array in found["rows"].items():
        ours = getattr(buffer, name)
        for part, one in array.items() if isinstance(array, dict) else [(None, array)]:
            (ours if part is None else ours[part])[: len(one)] = one
    for name in _BUFFER_COUNTERS:
        setattr(buffer, name, found[name])
