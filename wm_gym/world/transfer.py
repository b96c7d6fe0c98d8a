"""Moving what crosses the protocol to the model's device and back: once in, once out. Knows nothing of the data."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from torch import Tensor

Record = TypeVar("Record")


def moved(record: Record, device: str) -> Record:
    """The record, a dataclass, with every tensor in it and in the dataclasses within on a device.

    What is there already stays the same object.
    """
    values = {field.name: getattr(record, field.name) for field in fields(record)}  # type: ignore[arg-type]
    changed = {name: new for name, value in values.items() if (new := _moved(value, device)) is not value}
    return replace(record, **changed) if changed else record  # type: ignore[type-var]


def _moved(value: Any, device: str) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    return moved(value, device) if is_dataclass(value) and not isinstance(value, type) else value
