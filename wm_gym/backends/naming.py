"""Names that a user gives, looked up in what there is; a misspelt one is answered with the nearest."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

LIKENESS = 0.7
"""Names that share less than this of their letters (difflib's ratio) are not offered."""


def did_you_mean(name: Any, known: Collection[str]) -> str:
    """The end of a message: "; did you mean 'x'?", or nothing where no known name is like it."""
    near = get_close_matches(name, list(known), n=1, cutoff=LIKENESS) if isinstance(name, str) else []
    return f"; did you mean {near[0]!r}?" if near else ""


def check_name(what: str, name: Any, known: Collection[str]) -> None:
    """Make sure that a name is one of those that are known; `what` it names begins the message.

    Raises:
        ValueError: If it is not.
    """
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"{what} must be one of {list(known)}, got {name!r}{did_you_mean(name, known)}")
