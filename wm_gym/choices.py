"""Checks of names that a user chooses, with suggestions for misspelt ones. Imports nothing of wm_gym."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

LIKENESS = 0.62
"""Least similarity of a suggestion (the ratio of difflib)."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of an error message, such as "; did you mean 'tour'?", or "" where no known name is similar."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(str(word).lower(), names, n=1, cutoff=LIKENESS)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


def check_choice(what: str, name: object, known: Iterable[str]) -> None:
    """Check that a name is among the known ones.

    Args:
        what: Name of the setting, which begins the message.
        name: The value to check.
        known: The allowed names.

    Raises:
        ValueError: If the name is not a string among them; the message lists them and suggests a similar one.
    """
    names = list(known)
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"{what} must be one of {names}, got {name!r}{did_you_mean(name, names)}")


def check_known(what: str, given: Iterable[Any], known: Iterable[str]) -> None:
    """Make sure that all given names are known ones; `what` they name begins the message.

    Raises:
        ValueError: If one is not; the nearest known name is told.
    """
    names = list(known)
    for name in given:
        if name not in names:
            raise ValueError(f"{what} must be among {names}, got {name!r}{did_you_mean(name, names)}")


def find_class(what: str, name: object, rows: Mapping[str, str]) -> Any:
    """The class of a row, or the one that "package.module:Class" names; its module is imported now.

    Args:
        what: Begins the messages, such as "backend".
        name: A key of `rows`, or "package.module:Class".
        rows: Name to "module:Class".

    Raises:
        ValueError: If the name is unknown, or names nothing that can be imported.
        ImportError: If the module of a row needs something that is not installed.
    """
    if not isinstance(name, str):
        raise ValueError(f"{what} must be a string, got {name!r}")
    module_name, _, class_name = rows.get(name, name).partition(":")
    if not class_name:
        hint = did_you_mean(name, rows)
        raise ValueError(f"{what} must be one of {sorted(rows)} or 'package.module:Class', got {name!r}{hint}")
    try:
        return getattr(import_module(module_name), class_name)
    except (ModuleNotFoundError, AttributeError) as error:
        if name in rows:
            raise
        raise ValueError(f"{what} {name!r} must name a class that can be imported, got: {error}") from error
