"""Names that a user may choose from, and the one that was probably meant by another. Imports nothing of wm_gym."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of an error message, such as "; did you mean 'tour'?", or "" where no known name is near."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(str(word).lower(), names, n=1)
    return f"; did you mean {names[near[0]]!r}?" if near else ""
