"""Where frames were made, as far as it decides their bytes.

On an equal fingerprint the same world, seed and actions give the same bytes: depth, frames and everything after them.
Elsewhere kernels may add in another order, and what a model shows differs a little at first and, since it goes on
from what it has shown, more with every step.

Neither the number of worlds in a batch nor torch's settings in the process are part of it: a world among others is the
world alone, to the byte, whatever the caller has set (`backends.video.batch_invariant`, `backends.arithmetic`).
"""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, fields
from importlib import metadata
from typing import Any

import torch

from wm_gym import __version__
from wm_gym.world_model import ModelSpec

PACKAGES = ("torch", "numpy", "scipy", "numba", "vizdoom")
"""What computes frames, or films the places that worlds open on."""

_BFLOAT16 = ("avx512_bf16", "amx_bf16")
"""Abilities of a processor that choose bfloat16 kernels and are no part of torch's name for its instruction set."""


@dataclass(frozen=True)
class Fingerprint:
    """One backend in one process on one machine.

    Attributes:
        program: Version of wm-gym.
        packages: Versions of what computes frames.
        machine: Kind of processor and its instruction set, such as "x86_64 AVX512 avx512_bf16", and the GPU if the
            network is on one.
        backend: Name and size, such as "video 48x64".
        arithmetic: Number type and device of the network, and its threads where they are not one.
        weights: Hash of the weights.
    """

    program: str
    packages: dict[str, str]
    machine: str
    backend: str
    arithmetic: str
    weights: str

    @classmethod
    def of(cls, spec: ModelSpec) -> Fingerprint:
        """That of a backend in this process."""
        return cls(
            program=__version__,
            packages={name: version for name in PACKAGES if (version := _version(name)) is not None},
            machine=_machine(on_gpu="cuda" in spec.arithmetic),
            backend=f"{spec.name} {spec.height}x{spec.width}",
            arithmetic=spec.arithmetic,
            weights=spec.weights,
        )

    def differences(self, other: Fingerprint) -> list[str]:
        """What differs, each as "name: ours here, theirs there"; with nothing, equal bytes are promised."""
        pairs = ((field.name, getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return [f"{name}: {ours} here, {theirs} there" for name, ours, theirs in pairs if ours != theirs]

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back into an equal fingerprint."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Fingerprint:
        """The fingerprint that `to_json` was called on; fields that are none of these are left out."""
        return cls(**{field.name: data[field.name] for field in fields(cls)})


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _machine(*, on_gpu: bool) -> str:
    parts = [platform.machine(), torch.backends.cpu.get_cpu_capability(), *_bfloat16_abilities()]
    return " ".join([*parts, torch.cuda.get_device_name()] if on_gpu else parts)


def _bfloat16_abilities() -> list[str]:
    # torch 2.6 has no such function; its fingerprints then differ from those of later versions by torch's own version
    ask = getattr(torch.cpu, "get_capabilities", None)
    return [] if ask is None else [name for name in _BFLOAT16 if ask().get(name)]
