"""Ray, started on this machine or joined where a cluster runs; and what of it a pool of workers takes."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import Any

OBJECT_STORE_BYTES = 200 * 2**20
"""Of what crosses between processes at once, where this process starts Ray."""


@dataclass
class RayConfig:
    """How many workers there are, on which cluster, and what each takes of it.

    Attributes:
        workers: Processes that work at once; 0 for as many as the cluster's processors hold.
        cpus: Processors that Ray reserves for each.
        gpus: Graphics processors, likewise; a share of one where several workers fit on it.
        address: Of a running cluster, such as "auto" or "head:6379"; empty for this machine alone.
        most_losses: Workers that may be lost at one and the same job.
    """

    workers: int = 0
    cpus: float = 1.0
    gpus: float = 0.0
    address: str = ""
    most_losses: int = 3

    def __post_init__(self) -> None:
        self._check_types()
        for name in ("workers", "gpus", "most_losses"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not self.cpus > 0:
            raise ValueError(f"cpus must be above 0, got {self.cpus}")

    def _check_types(self) -> None:
        """They come from a mapping that nobody has checked."""
        kinds = {"workers": int, "most_losses": int, "cpus": int | float, "gpus": int | float, "address": str}
        called = {int: "an integer", int | float: "a number", str: "a string"}
        for name, kind in kinds.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, kind):
                raise ValueError(f"{name} must be {called[kind]}, got {value!r}")

    def count(self, resources: dict[str, float]) -> int:
        """Workers on a cluster that has these "CPU" and "GPU".

        Raises:
            ValueError: If it cannot hold so many, or one.
        """
        fits = [int(resources.get("CPU", 0.0) / self.cpus)]
        fits += [int(resources.get("GPU", 0.0) / self.gpus)] if self.gpus else []
        if not min(fits) or self.workers > min(fits):
            asked = f"{self.workers or 1} of {self.cpus:g} CPUs and {self.gpus:g} GPUs each"
            has = f"{resources.get('CPU', 0.0):g} CPUs and {resources.get('GPU', 0.0):g} GPUs"
            raise ValueError(f"workers must be at most what the cluster holds, {has}, got {asked}")
        return self.workers or min(fits)


def started_ray(address: str = "", *, for_what: str = "workers in processes of their own", store_bytes: int = 0) -> Any:
    """The module `ray`, started on this machine alone, or joined to a running cluster, if it has not been.

    Args:
        address: Of a running cluster; empty for this machine alone.
        for_what: Begins the error where Ray is not installed.
        store_bytes: Of the object store where it is started here; at least `OBJECT_STORE_BYTES`.

    Raises:
        ImportError: If it is not installed.
        ValueError: If no cluster answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray  # pyright: ignore[reportMissingImports]  # of an extra that tests do not need
    except ImportError as error:
        raise ImportError(f"{for_what} need Ray: pip install 'wm-gym[distributed]'") from error
    if ray.is_initialized():
        return ray
    if address:
        _join(ray, address)
    else:
        cpus, store = max(2, os.cpu_count() or 1), max(store_bytes, OBJECT_STORE_BYTES)
        ray.init(
            address="local", num_cpus=cpus, include_dashboard=False, object_store_memory=store, log_to_driver=False,
            logging_level=logging.ERROR,
        )  # fmt: skip
    return ray


def _join(ray: Any, address: str) -> None:
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"address must be that of a running Ray cluster, got {address!r}: {reason}") from error
