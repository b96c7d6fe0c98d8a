"""Errors on the command line: one sentence each, with a did-you-mean."""

from __future__ import annotations

import re

from wm_gym.choices import did_you_mean

# "policy must be one of ['random', 'tour'], got 'tuor'": how errors of this project read
_CHOICE = re.compile(r"(?P<known>.* must be .*), got '(?P<word>[^']+)'(?P<rest>.*)", re.DOTALL)


def in_one_sentence(error: Exception) -> str:
    """What must be, what came, and what was probably meant."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'} could not be read or written: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"there must be memory enough: {str(error) or 'none was left'}"
    return with_guess(str(error))


def with_guess(message: str) -> str:
    """A message that lists quoted names and quotes another, with the listed name that is nearest to it."""
    told = _CHOICE.fullmatch(message)
    if told is None or "did you mean" in message:
        return message
    return message + did_you_mean(told["word"], re.findall(r"'([^' ]+)'", told["known"]))
