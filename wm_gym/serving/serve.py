"""`wm-gym serve`: a server of worlds."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from wm_gym.envs.checking import read_count
from wm_gym.serving.gate import MOST_BYTES
from wm_gym.serving.offer import Offer
from wm_gym.serving.seal import Seal
from wm_gym.serving.sessions import Limits, Sessions

MOST_PORT = 65_535


@dataclass
class ServeConfig:
    """Where a server listens, who may come in, and what it offers.

    Attributes:
        host: Address that it listens on; 127.0.0.1 for this machine alone, 0.0.0.0 for everybody who reaches it.
        port: Of that address; 0 for a free one.
        token: What clients must know; empty for a random one, which is printed.
        state_key: Seals saved states: a server that is to go on from them needs the same; empty for a random one.
        most_sessions: Sessions at once.
        most_groups: Different settings of sessions at once; each has a backend of its own.
        idle_seconds: Time after which a session or shared world that nobody uses is closed.
        most_parties: Worlds that several players share, at once; each has a backend of its own.
        task: Of sessions that ask for none.
        backends: Names that sessions may choose from; the first is the default.
        backend_settings: Of the first backend, as `gym.make` takes them.
        world: Of sessions that ask for none, as `gym.make` takes it; empty for one of the shipped places, by the seed.
        difficulty: "simple", "medium" or "full"; the shipped places are "full".
        height: Rows of a frame.
        width: Columns of a frame.
        finer: Most times that keyframes which memory takes in are as fine as frames.
        body: Size and speeds of the body, as `gym.make` takes them.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str = ""
    state_key: str = ""
    most_sessions: int = 8
    most_groups: int = 4
    idle_seconds: float = 600.0
    most_parties: int = 2
    task: str = "explore"
    backends: list[str] = field(default_factory=lambda: ["video"])
    backend_settings: dict[str, Any] = field(default_factory=dict)
    world: str = ""
    difficulty: str = "full"
    height: int = 48
    width: int = 64
    finer: int = 2
    body: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if read_count("port", self.port, 0) > MOST_PORT:
            raise ValueError(f"port must be at most {MOST_PORT}, got {self.port}")
        self.limits()
        self.offer()

    def limits(self) -> Limits:
        """How much it takes on.

        Raises:
            ValueError: If a limit is none.
        """
        return Limits(self.most_sessions, self.most_groups, self.idle_seconds, self.most_parties)

    def offer(self) -> Offer:
        """What clients may choose.

        Raises:
            ValueError: If a setting is none.
        """
        settings = {
            "task": self.task,
            "world": self.world or None,
            "difficulty": self.difficulty,
            "resolution": (self.height, self.width),
            "finer": self.finer,
            "body": self.body,
        }
        return Offer(tuple(self.backends), settings, self.backend_settings)


def serve(config: ServeConfig, at_start: Callable[[str, str], None] | None = None) -> None:
    """Serve until the process is told to end.

    Args:
        config: Settings.
        at_start: Told the address and the token as soon as clients can come; None prints them.

    Raises:
        ImportError: If FastAPI or uvicorn is missing.
        ValueError: If the address is taken.
    """
    from wm_gym.serving.app import make_app
    from wm_gym.serving.listening import listen

    token = config.token or secrets.token_urlsafe(18)
    app = make_app(Sessions(config.offer(), config.limits(), Seal(config.state_key)), token)
    listen(app, config.host, config.port, MOST_BYTES, lambda url: (at_start or _tell)(url, token))


def _tell(url: str, token: str) -> None:
    page = f"{url}/#{urlencode({'token': token})}"
    print(f"serving worlds at {url}, token {token}; {url}/docs tells how, {page} is a page to play on", flush=True)
