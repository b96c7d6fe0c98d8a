"""Files that settings name, carried to machines that do not have them: weights, captures, policies.

A string counts as the name of a file if it has a separator or a suffix and names a file or folder here. Where a
machine has the same bytes under that name it is left as it is; else it names a copy in the cache of that machine,
which all its workers share. Knows nothing of Ray.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.files.atomic import write_atomically
from wm_gym.files.hashing import sha256_of


@dataclass(frozen=True, eq=False)
class Carried:
    """One file of what a setting names.

    Attributes:
        name: The setting's own text.
        below: Path of the file within a folder, with "/"; empty where the name is a file's.
        sha256: Of its bytes.
        size: Of it, in bytes.
    """

    name: str
    below: str
    sha256: str
    size: int

    @property
    def path(self) -> Path:
        """Where the file is on a machine that has it."""
        return Path(self.name) / self.below if self.below else Path(self.name)


def carried_by(*values: Any) -> list[Carried]:
    """Every file that strings in these dataclasses, mappings and sequences name, in order and once."""
    found: dict[tuple[str, str], Carried] = {}
    for name in dict.fromkeys(name for value in values for name in _strings(value) if _names_a_file(name)):
        root = Path(name)
        for path in sorted(one for one in root.rglob("*") if one.is_file()) if root.is_dir() else [root]:
            below = path.relative_to(root).as_posix() if root.is_dir() else ""
            found[name, below] = Carried(name, below, sha256_of(path), path.stat().st_size)
    return list(found.values())


def bytes_of(carried: Carried) -> np.ndarray:
    """Its bytes as an array (size,) uint8, which Ray's object store holds once for each machine."""
    return np.fromfile(carried.path, np.uint8)


def located(files: Mapping[Carried, np.ndarray], cache: Path) -> dict[str, str]:
    """Names that must be replaced on this machine, each by a path in the cache, where missing files are written.

    Args:
        files: With their bytes.
        cache: Folder of this machine; a file that is there already is not written again.
    """
    groups: dict[str, list[Carried]] = {}
    for one in files:
        groups.setdefault(one.name, []).append(one)
    missing = {name: group for name, group in groups.items() if not all(map(_is_here, group))}
    for group in missing.values():
        for one in group:
            _write(_place(one, group, cache), files[one])
    return {name: str(_root(group, cache)) for name, group in missing.items()}


def relocated(value: Any, places: Mapping[str, str]) -> Any:
    """The value with each name in `places` replaced, in dataclasses, mappings, lists and tuples."""
    if isinstance(value, str):
        return places.get(value, value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {one.name: relocated(getattr(value, one.name), places) for one in fields(value) if one.init}
        return replace(value, **changed)
    if isinstance(value, Mapping):
        return {name: relocated(part, places) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(relocated(part, places) for part in value)
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from _strings(getattr(value, one.name))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def _names_a_file(text: str) -> bool:
    if not text or "\0" in text or len(text) > 4096 or not (os.sep in text or Path(text).suffix):
        return False
    try:
        return Path(text).exists()
    except OSError:  # too long a part
        return False


def _is_here(one: Carried) -> bool:
    path = one.path
    return path.is_file() and path.stat().st_size == one.size and sha256_of(path) == one.sha256


def _root(group: list[Carried], cache: Path) -> Path:
    """Of a name's files: a folder of their common hash, with the name's own last part, which suffixes are read from."""
    whole = hashlib.sha256("".join(f"{one.below}\n{one.sha256}\n" for one in group).encode()).hexdigest()
    return cache / whole[:32] / Path(group[0].name).name


def _place(one: Carried, group: list[Carried], cache: Path) -> Path:
    root = _root(group, cache)
    return root / one.below if one.below else root


def _write(path: Path, content: np.ndarray) -> None:
    if path.is_file() and path.stat().st_size == len(content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # workers of one machine may write it at once: each a file of its own, of which the last one stays
    own = path.with_name(f"{path.name}.{os.getpid()}")
    write_atomically(own, lambda file: file.write(content.data))
    os.replace(own, path)
