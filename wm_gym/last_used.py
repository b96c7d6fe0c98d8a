"""Values made on demand, of which the ones asked for last are kept. Imports nothing of wm_gym."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LastUsed(Generic[Key, Value]):
    """The values that were asked for last, by their keys."""

    def __init__(self, most: int, setting: str = "most") -> None:
        """Nothing yet.

        Args:
            most: Most values that are kept.
            setting: What a message calls `most`.

        Raises:
            ValueError: If `most` is below 1.
        """
        if most < 1:
            raise ValueError(f"{setting} must be at least 1, got {most}")
        self._most = most
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of a key, made where it is not kept; the same object as long as it is kept."""
        if key not in self._values:
            self._values[key] = make()
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return self._values[key]

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()
