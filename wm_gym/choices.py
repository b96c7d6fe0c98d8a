"""Names that a user may choose from, and the one that was probably meant by another. Imports nothing of wm_gym."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LIKENESS = 0.62
"""Names that share less than this of their letters (difflib's ratio) are not offered."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of an error message, such as "; did you mean 'tour'?", or "" where no known name is near."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(str(word).lower(), names, n=1, cutoff=LIKENESS)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


def check_choice(what: str, name: object, known: Iterable[str]) -> None:
    """Make sure that a name is one of those that are known; `what` it names begins the message.

    Raises:
        ValueError: If it is not.
    """
    names = list(known)
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"{what} must be one of {names}, got {name!r}{did_you_mean(name, names)}")
