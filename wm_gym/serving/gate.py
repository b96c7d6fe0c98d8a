"""`Gate`: lets only those in who know the token, and nothing in that is too large. Stands before the application."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from wm_gym.serving.refusing import as_json, sentence_of, status_of

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MOST_BYTES = 32 * 2**20
"""Of a request or of a message."""

GUARDED = ("/sessions", "/watch", "/offer", "/parties", "/join")
"""Beginnings of paths that need the token; the page and the schema are the same for everybody."""

_JOIN = re.compile(r"/join/([^/]+)(/stream)?")


class TokenError(ValueError):
    """The token is missing or another."""


class LengthError(ValueError):
    """A request does not say how long it is, or is too long."""


class Gate:
    """An ASGI application before another.

    Args:
        app: The other.
        token: What a client must know; in the header "Authorization: Bearer ..." or as `token` in the query.
        knows: Whether a key lets in to a role of a shared world, which needs no token then.
    """

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        token: str,
        knows: Callable[[str], bool] = lambda key: False,
    ) -> None:
        self._app, self._token, self._knows = app, token.encode(), knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may go in."""
        if scope["type"] in ("http", "websocket") and scope["path"].startswith(GUARDED):
            error = self._why_not(scope)
            if error is not None:
                await refused(scope, send, error)
                return
        await self._app(scope, receive, send)

    def _why_not(self, scope: Scope) -> Exception | None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        key = _JOIN.fullmatch(scope["path"])
        has_key = key is not None and self._knows(key[1])
        if not has_key and not hmac.compare_digest(_token_of(headers, scope["query_string"]), self._token):
            return TokenError("a request must carry the server's token, got none or another")
        length = headers.get(b"content-length", b"0")
        if b"transfer-encoding" in headers or not length.isdigit() or int(length) > MOST_BYTES:
            return LengthError(f"a request must say its length, of at most {MOST_BYTES} bytes, got another")
        return None


def _token_of(headers: Mapping[bytes, bytes], query: bytes) -> bytes:
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        return token.strip()
    return parse_qs(query.decode("latin-1")).get("token", [""])[0].encode()


async def refused(scope: Scope, send: Send, error: Exception) -> None:
    """Answer a request, or turn a socket away, with a status of HTTP and one sentence."""
    socket = scope["type"] == "websocket"
    if socket and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": sentence_of(error)[:120]})
        return
    kind, body = "websocket.http.response" if socket else "http.response", as_json({"error": sentence_of(error)})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{kind}.start", "status": _status(error), "headers": headers})
    await send({"type": f"{kind}.body", "body": body.encode()})


def _status(error: Exception) -> int:
    if isinstance(error, TokenError):
        return 401
    return 413 if isinstance(error, LengthError) else status_of(error)
