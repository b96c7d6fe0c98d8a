"""Checks of names that a user chooses, with suggestions for misspelt ones. Imports nothing of wm_gym."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

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
