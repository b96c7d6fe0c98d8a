"""Messages of those servers: MessagePack, arrays in it as OpenPI's clients write them, on a WebSocket.

Source of the form of arrays: Physical-Intelligence/openpi, `openpi_client.msgpack_numpy`: a map with the byte keys
`__ndarray__`, `data`, `dtype` and `shape`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np

try:
    import msgpack
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import ClientConnection, connect
except ImportError as error:
    raise ImportError(
        "worlds in servers of others need msgpack and websockets: pip install 'wm-gym[remote]'"
    ) from error

_CLOSING_SECONDS = 0.5
"""A server that sends without end does not hear that we leave before all has been read."""


def pack(message: Any) -> bytes:
    """MessagePack of maps, lists, strings, numbers, bytes and arrays of numbers.

    Raises:
        TypeError: If the message holds anything else.
    """
    return bytes(msgpack.packb(message, default=_plain) or b"")


def unpack(content: bytes) -> Any:
    """The message of these bytes.

    Raises:
        ValueError: If they are none.
    """
    try:
        return msgpack.unpackb(content, object_hook=_array)
    except (ValueError, TypeError, KeyError, msgpack.UnpackException) as error:
        raise ValueError(f"a message must be MessagePack, got {len(content)} bytes that are not: {error}") from error


def checked_url(url: str) -> str:
    """The address of a server without what is behind its port.

    Raises:
        ValueError: If it is none of a WebSocket.
    """
    if not isinstance(url, str) or not url.startswith(("ws://", "wss://")):
        raise ValueError(f"url must be the address of a server, such as 'ws://127.0.0.1:30000', got {url!r}")
    return url.rstrip("/")


class Connection:
    """A WebSocket to a server.

    Raises:
        ConnectionError: If no server answers at the address.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        """Connect."""
        self._url, self._timeout = url, timeout_seconds
        self._leaving = ExitStack()
        try:
            self._socket: ClientConnection = self._leaving.enter_context(
                connect(
                    url,
                    max_size=None,
                    open_timeout=timeout_seconds,
                    compression=None,
                    ping_interval=None,
                    close_timeout=_CLOSING_SECONDS,
                )
            )
        except (OSError, WebSocketException) as error:
            raise ConnectionError(f"a server must answer at {url}, got {error or type(error).__name__}") from error

    def send(self, message: Any) -> None:
        """Send a message.

        Raises:
            ConnectionError: If the server has gone.
        """
        try:
            self._socket.send(pack(message))
        except (OSError, WebSocketException) as error:
            raise self._gone(error) from error

    def receive(self) -> bytes | str:
        """The next message as it came.

        Raises:
            ConnectionError: If the server has gone, or says nothing within the time.
        """
        try:
            return self._socket.recv(self._timeout)
        except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
            raise self._gone(error) from error

    def receive_message(self) -> Any:
        """The next message of MessagePack; words between them are passed over.

        Raises:
            ConnectionError: As `receive`.
            ValueError: If bytes are no message.
        """
        content = self.receive()
        while isinstance(content, str):
            content = self.receive()
        return unpack(content)

    def close(self) -> None:
        """Close the socket."""
        self._leaving.close()

    def _gone(self, error: Exception) -> ConnectionError:
        return ConnectionError(f"the server at {self._url} must answer, got {error or type(error).__name__}")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {b"__ndarray__": True, b"data": value.tobytes(), b"dtype": value.dtype.str, b"shape": value.shape}
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return {b"__npgeneric__": True, b"data": value.item(), b"dtype": value.dtype.str}
    raise TypeError(f"a message must hold plain values and arrays of numbers, got {type(value).__name__}")


def _array(value: dict[Any, Any]) -> Any:
    if b"__ndarray__" in value:
        found = np.frombuffer(value[b"data"], np.dtype(value[b"dtype"]))
        return found.reshape(value[b"shape"])
    if b"__npgeneric__" in value:
        return np.dtype(value[b"dtype"]).type(value[b"data"])
    return value
