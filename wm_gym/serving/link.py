"""`Link`: a client's connection to one session of a server. A reply that was lost is asked for again."""

from __future__ import annotations

import json
from contextlib import ExitStack, suppress
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from wm_gym.serving.wire import pack, unpack

try:
    from websockets.exceptions import ConnectionClosed, WebSocketException
    from websockets.sync.client import ClientConnection, connect
except ImportError as error:
    raise ImportError("an environment on a server needs websockets: pip install 'wm-gym[serve]'") from error

_TRIES = 3


class Link:
    """One session, opened when the link is made.

    Args:
        url: Of the server, such as "http://127.0.0.1:8765".
        token: The server's.
        settings: Of the session.
        timeout_seconds: Longest wait for a reply.

    Attributes:
        session: What the server says of the session.

    Raises:
        ValueError: If the server refuses the settings or the token, or the address is none.
        ConnectionError: If there is no server.
    """

    def __init__(self, url: str, token: str, settings: dict[str, Any], timeout_seconds: float = 60.0) -> None:
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise ValueError(f"url must be the address of a server, such as 'http://127.0.0.1:8765', got {url!r}")
        self._url, self._token, self._timeout = url.rstrip("/"), token, timeout_seconds
        self._socket: ClientConnection | None = None
        self._leaving = ExitStack()
        self._number = 0
        body = json.dumps({"settings": settings, "opens": False}).encode()
        self.session: dict[str, Any] = json.loads(self.request("POST", "/sessions", body))

    @property
    def path(self) -> str:
        """The session's path on the server."""
        return f"/sessions/{quote(self.session['id'], safe='')}"

    def ask(self, doing: str, **fields: Any) -> dict[str, Any]:
        """Reply to a message; one that is lost on the way is asked for again, which moves nothing twice.

        Raises:
            ValueError: If the server refuses it.
            ConnectionError: If the server does not answer.
        """
        self._number += 1
        message = pack({"id": self._number, "do": doing, **fields})
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._exchange(message)
            except (ConnectionClosed, OSError, WebSocketException) as error:
                self._drop()
                if not tries_left or getattr(getattr(error, "rcvd", None), "code", None) == 4404:
                    raise ConnectionError(f"the server must answer, got {error or type(error).__name__}") from error
        raise AssertionError

    def request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Answer to a request.

        Raises:
            ValueError: If the server refuses it.
            ConnectionError: If there is no server.
        """
        headers = {"Authorization": f"Bearer {self._token}"}
        if method == "POST":
            headers["Content-Type"] = "application/json"
        try:
            with urlopen(Request(self._url + path, body, headers, method=method), timeout=self._timeout) as answer:
                return answer.read()
        except HTTPError as error:
            raise ValueError(_sentence(error)) from error
        except (URLError, OSError) as error:
            raise ConnectionError(f"a server must be at {self._url}, got {error}") from error

    def close(self) -> None:
        """End the session; may be called twice, and when the server has gone."""
        self._drop()
        if self.session:
            with suppress(ValueError, ConnectionError):  # the session, or its server, has gone before
                self.request("DELETE", self.path)
            self.session = {}

    def _exchange(self, message: bytes) -> dict[str, Any]:
        socket = self._connected()
        socket.send(message)
        reply = socket.recv(self._timeout)
        answer = json.loads(reply) if isinstance(reply, str) else unpack(reply)
        if not answer["ok"]:
            raise ValueError(answer["error"])
        return answer

    def _connected(self) -> ClientConnection:
        if self._socket is None:
            address = f"ws{self._url.removeprefix('http')}{self.path}/stream"
            headers = {"Authorization": f"Bearer {self._token}"}
            opened = connect(
                address, additional_headers=headers, max_size=None, open_timeout=self._timeout, compression=None
            )
            self._socket = self._leaving.enter_context(opened)
            self._socket.recv(self._timeout)  # the greeting
        return self._socket

    def _drop(self) -> None:
        self._socket = None
        self._leaving.close()


def _sentence(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"])
    except (ValueError, KeyError, TypeError):
        return f"the server must answer, got status {error.code}"
