"""Arguments of an environment of many worlds, checked: actions, seeds, masks, options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from torch import Tensor

from wm_gym.envs.checking import read_count
from wm_gym.envs.options import ResetOptions, read_options


def read_mode(mode: str | AutoresetMode) -> AutoresetMode:
    """The autoreset mode of that name.

    Raises:
        ValueError: If there is none.
    """
    try:
        return AutoresetMode(mode)
    except ValueError as error:
        names = [known.value for known in AutoresetMode]
        raise ValueError(f"autoreset_mode must be an AutoresetMode or one of {names}, got {mode!r}") from error


def read_actions(actions: Any, num_envs: int) -> np.ndarray:
    """N actions as one array, from numpy, torch or a list.

    Raises:
        ValueError: If they are not N.
    """
    array = actions.detach().cpu().numpy() if isinstance(actions, Tensor) else np.asarray(actions)
    if array.ndim == 0 or len(array) != num_envs:
        raise ValueError(f"actions must be {num_envs}, one for each world, got shape {array.shape}")
    return array


def read_seeds(seed: Any, num_envs: int) -> list[int | None]:
    """A seed for each world: seed, seed + 1, ... from one number.

    Raises:
        ValueError: If it is neither None, a number nor N of them.
    """
    if seed is None:
        return [None] * num_envs
    wanted = f"None, an integer from 0 or {num_envs} of them"
    if not isinstance(seed, Sequence | np.ndarray) or isinstance(seed, str | bytes) or not np.ndim(seed):
        first = read_count("seed", seed, 0, wanted)
        return [first + n for n in range(num_envs)]
    if len(seed) != num_envs:
        raise ValueError(f"seed must be {wanted}, got {len(seed)}")
    return [None if one is None else read_count("seed", one, 0, wanted) for one in seed]


def read_mask(mask: Any, num_envs: int, name: str) -> list[int]:
    """The numbers of the worlds that a mask chooses; all of them where it is None.

    Raises:
        ValueError: If it is not N booleans with a True among them.
    """
    if mask is None:
        return list(range(num_envs))
    array = mask.detach().cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    if array.shape != (num_envs,) or array.dtype != np.bool_:
        raise ValueError(f"{name} must be {num_envs} booleans, got {array.dtype} of shape {array.shape}")
    if not array.any():
        raise ValueError(f"{name} must hold at least one True, got none")
    return [int(n) for n in np.flatnonzero(array)]


def read_worlds(worlds: Any, num_envs: int, name: str) -> list[int]:
    """Numbers of worlds, from one number or several; all of them where it is None.

    Raises:
        ValueError: If one is not in 0..N-1, or named twice.
    """
    if worlds is None:
        return list(range(num_envs))
    numbers = np.atleast_1d(worlds.detach().cpu().numpy() if isinstance(worlds, Tensor) else np.asarray(worlds))
    whole = numbers.dtype.kind in "iu" and numbers.ndim == 1 and ((numbers >= 0) & (numbers < num_envs)).all()
    if not whole or len(set(numbers.tolist())) < len(numbers):
        raise ValueError(f"{name} must be different worlds of 0..{num_envs - 1}, got {worlds!r}")
    return numbers.tolist()


def read_options_of_all(options: Any, num_envs: int) -> tuple[list[int], list[ResetOptions]]:
    """The worlds that a reset is about, and the checked options of every world.

    Args:
        options: One dict for all worlds, in which "reset_mask" chooses the worlds, or a list of N dicts.
        num_envs: N.

    Raises:
        ValueError: If an option is unknown or of the wrong kind, or a list is not of N dicts.
    """
    if options is None or isinstance(options, Mapping):
        given = dict(options or {})
        chosen = read_mask(given.pop("reset_mask", None), num_envs, "options['reset_mask']")
        return chosen, [read_options(given)] * num_envs
    if not isinstance(options, list | tuple) or len(options) != num_envs:
        came = len(options) if isinstance(options, list | tuple) else type(options).__name__
        raise ValueError(f"options must be a dict or a list of {num_envs}, got {came}")
    return list(range(num_envs)), [read_options(one) for one in options]
