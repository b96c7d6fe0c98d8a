"""Runs an application with uvicorn on an address, and tells when it can be reached."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

try:
    import uvicorn
except ImportError as error:
    raise ImportError("a server of worlds needs FastAPI and uvicorn: pip install 'wm-gym[serve]'") from error


class _Server(uvicorn.Server):
    """A server that says where it listens."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._started()


def listen(app: Any, host: str, port: int, most_bytes: int, started: Callable[[str], None]) -> None:
    """Serve an application until the process is told to end.

    Args:
        app: Of ASGI.
        host: Address to listen on.
        port: 0 for a free one.
        most_bytes: Of one message.
        started: Told the address as clients write it, as soon as they can come.

    Raises:
        ValueError: If the address is taken or is none of this machine.
    """
    with _opened(host, port) as listening:
        url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        # requests carry the token in their address, so they are not written to the log
        config = uvicorn.Config(app, log_level="warning", access_log=False, ws_max_size=most_bytes, ws_max_queue=4)
        _Server(config, lambda: started(url)).run(sockets=[listening])


def _opened(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ValueError(f"port must be free at an address of this machine, got {host}:{port}: {error}") from error
