"""A server of its own process for benchmarks, and a client of it by asyncio."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from wm_gym.serving.wire import unpack

SESSION_ENDED = 4404
TOKEN, STATE_KEY = "benchmark", "benchmark"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes:
        status: Of HTTP.
        content: The body.
    """

    status: int
    content: bytes

    @property
    def value(self) -> Any:
        """The body as JSON.

        Raises:
            AssertionError: If the server refused.
        """
        return json.loads(self.good)

    @property
    def good(self) -> bytes:
        """The body.

        Raises:
            AssertionError: If the server refused.
        """
        assert self.status < 300, f"{self.status} {self.content[:400]!r}"
        return self.content


@dataclass(frozen=True)
class Served:
    """A server that runs.

    Attributes:
        url: Of it.
        process: That it is.
    """

    url: str
    process: subprocess.Popen[str]

    def resident_mb(self) -> float:
        """Its resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * PAGE_BYTES / 1e6

    async def request(self, method: str, path: str, body: Any = None) -> Answer:
        """Answer to a request with the token; a body is bytes or JSON."""
        return await asyncio.to_thread(self._request, method, path, body)

    def _request(self, method: str, path: str, body: Any) -> Answer:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if body is not None and not isinstance(body, bytes):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            with urlopen(Request(self.url + path, body, headers, method=method), timeout=300) as answer:
                return Answer(answer.status, answer.read())
        except HTTPError as error:
            return Answer(error.code, error.read())


@contextmanager
def server(*settings: str) -> Iterator[Served]:
    """A server with such settings on a free port; killed at the end."""
    asked = [sys.executable, "-m", "wm_gym.cli", "serve", f"token={TOKEN}", f"state_key={STATE_KEY}", "port=0"]
    process = subprocess.Popen([*asked, *settings], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"http://[^\s,]+", process.stdout.readline())
        assert found is not None, "the server must say where it listens"
        yield Served(found[0], process)
    finally:
        process.kill()
        process.wait()


class ExpiredError(Exception):
    """The server has closed a session, since its client came too late."""


class Stream:
    """One session's stream of numbered messages."""

    def __init__(self, url: str, session_id: str, number: int = 0) -> None:
        self._address = f"ws{url.removeprefix('http')}/sessions/{session_id}/stream?token={TOKEN}"
        self.number = number
        self._socket: ClientConnection | None = None

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """Reply to the next message; it is sent again when the connection is lost.

        Raises:
            ExpiredError: If the session is there no longer.
        """
        self.number += 1
        return await self._asked(do, fields)

    async def ask_twice(self, do: str, **fields: Any) -> dict[str, Any]:
        """Reply to the next message, whose connection dies before the answer and which is then sent again."""
        self.number += 1
        socket = await self._connected()
        await socket.send(self._message(do, fields))
        self.abort()
        return await self._asked(do, fields)

    def abort(self) -> None:
        """Let the connection die, as that of a client that is killed."""
        if self._socket is not None:
            self._socket.transport.abort()
            self._socket = None

    async def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    def _message(self, do: str, fields: dict[str, Any]) -> str:
        return json.dumps({"id": self.number, "do": do, **fields})

    async def _asked(self, do: str, fields: dict[str, Any]) -> dict[str, Any]:
        while True:
            try:
                socket = await self._connected()
                await socket.send(self._message(do, fields))
                reply = await socket.recv()
                return json.loads(reply) if isinstance(reply, str) else unpack(reply)
            except InvalidStatus as error:
                raise ExpiredError from error
            except ConnectionClosed as error:
                self._socket = None
                if error.rcvd is not None and error.rcvd.code == SESSION_ENDED:
                    raise ExpiredError from error

    async def _connected(self) -> ClientConnection:
        if self._socket is None:
            self._socket = await connect(
                self._address, max_size=None, compression=None, open_timeout=300, ping_interval=None
            )
            await self._socket.recv()  # the greeting
        return self._socket
