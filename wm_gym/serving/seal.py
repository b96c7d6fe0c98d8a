"""Saved states under a seal, so that a server reads only what it, or another with the same key, has saved.

A state names the file that its world opened on; without a seal a client could name any file of the host.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

_MARK = b"wm-gym state\n"
_DIGEST = hashlib.sha256
_HEAD = len(_MARK) + _DIGEST().digest_size


class Seal:
    """A key that signs bytes.

    Args:
        key: Any text; empty for a random one.
    """

    def __init__(self, key: str = "") -> None:
        self._key = key.encode() or secrets.token_bytes(32)

    def close(self, data: bytes) -> bytes:
        """The data with its seal before it."""
        return _MARK + self._sign(data) + data

    def open(self, sealed: bytes) -> bytes:
        """The data that `close` was given.

        Raises:
            ValueError: If it was not sealed by this key, or is damaged.
        """
        data = sealed[_HEAD:]
        if not sealed.startswith(_MARK) or not hmac.compare_digest(sealed[len(_MARK) : _HEAD], self._sign(data)):
            raise ValueError("a state must be one that a server with this state_key has saved, got other bytes")
        return data

    def _sign(self, data: bytes) -> bytes:
        return hmac.new(self._key, data, _DIGEST).digest()
