"""Where jobs are done: rows that a command names by `launcher=`, with `launcher_settings=`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from wm_gym.choices import check_choice, check_known
from wm_gym.launching.pool import Worker
from wm_gym.launching.ray_cluster import RayConfig
from wm_gym.launching.ray_pool import RayPool

LOCAL = "local"
LAUNCHERS: Mapping[str, type[Any] | None] = {LOCAL: None, "ray": RayConfig}
"""Name to the dataclass of its settings; None for this process, which has none."""


def read_launcher(launcher: str, settings: Mapping[str, Any]) -> RayConfig | None:
    """The settings of a launcher as its own dataclass; None for this process.

    Raises:
        ValueError: If there is no such launcher, or it has no such setting.
    """
    check_choice("launcher", launcher, LAUNCHERS)
    kind = LAUNCHERS[launcher]
    known = [] if kind is None else [one.name for one in fields(kind)]
    check_known(f"launcher_settings of {launcher!r}", settings, known)
    return None if kind is None else kind(**settings)


@contextmanager
def opened_pool(
    make: Callable[[], Worker], config: RayConfig, naming: Sequence[Any] = (), *, at_most: int = 0
) -> Generator[RayPool]:
    """Workers on a cluster, which end with this context; arguments as of `RayPool`."""
    pool = RayPool(make, config, naming, at_most=at_most)
    try:
        yield pool
    finally:
        pool.close()
