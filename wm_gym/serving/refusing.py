"""Errors as one sentence for clients, with a status of HTTP."""

from __future__ import annotations

import json
from typing import Any

from wm_gym.serving.sessions import FullError, UnknownSessionError

MOST_LETTERS = 400


def status_of(error: Exception) -> int:
    """404 for no such session, 503 for a full server, 400 for what cannot be done, 500 for the server's own fault."""
    if isinstance(error, UnknownSessionError):
        return 404
    if isinstance(error, FullError):
        return 503
    return 400 if isinstance(error, ValueError | TypeError | RuntimeError | OverflowError | ImportError) else 500


def sentence_of(error: Exception) -> str:
    """What a client is told: one line, shortened; of the server's own faults only their kind."""
    if status_of(error) == 500:
        return f"the server could not do this: {type(error).__name__}"
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= MOST_LETTERS else f"{line[:MOST_LETTERS]}..."


def as_json(value: Any) -> str:
    """JSON in ASCII, which any text a client has sent survives."""
    return json.dumps(value, ensure_ascii=True)
