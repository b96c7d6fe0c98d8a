"""`Sessions`: all sessions of a server, by ids that nobody guesses. One thread uses it; knows nothing of the network.

Sessions of equal settings step together: one `World.step` for all that ask at once, each equal to the byte to the
world alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wm_gym.envs.checking import read_count, read_positive
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.state import EnvState
from wm_gym.serving.offer import Offer
from wm_gym.serving.seal import Seal
from wm_gym.serving.session import Group, Session, Shown


class UnknownSessionError(LookupError):
    """There is no session of that id."""


class FullError(RuntimeError):
    """There are as many sessions, or kinds of them, as the server takes."""


@dataclass(frozen=True)
class Limits:
    """How much a server takes on.

    Attributes:
        most_sessions: Sessions at once.
        most_groups: Different settings at once; each has a backend of its own.
        idle_seconds: Time after which a session or shared world that nobody uses is closed.
        most_parties: Shared worlds at once; each has a backend of its own.
    """

    most_sessions: int = 8
    most_groups: int = 4
    idle_seconds: float = 600.0
    most_parties: int = 2

    def __post_init__(self) -> None:
        read_count("most_sessions", self.most_sessions)
        read_count("most_groups", self.most_groups)
        read_positive("idle_seconds", self.idle_seconds)
        read_count("most_parties", self.most_parties)


class Sessions:
    """Episodes of clients.

    Args:
        offer: What they may choose.
        limits: How many there may be.
        seal: Signs saved states.
        clock: Gives seconds that only rise.
    """

    def __init__(
        self,
        offer: Offer,
        limits: Limits | None = None,
        seal: Seal | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.offer, self.limits, self._seal, self._clock = offer, limits or Limits(), seal or Seal(), clock
        self._sessions: dict[str, Session] = {}
        self._groups: dict[str, Group] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def ids(self) -> set[str]:
        """Ids of all sessions."""
        return set(self._sessions)

    def create(self, settings: Mapping[str, Any] | None = None) -> Session:
        """A session in which no world has opened yet.

        Raises:
            ValueError: If a setting is none that a client may choose, or more than the backend can do.
            FullError: If there are as many sessions, or different settings, as the limits say.
            ImportError: If the backend needs an extra that is not installed.
        """
        config = self.offer.config(settings or {})
        self._check_room()
        return self._add(Session(self._group(config), self._clock()))

    def fork(self, session_id: str) -> Session:
        """A new session that goes on from the state of another.

        Raises:
            UnknownSessionError: If there is no such session.
            FullError: If there are as many sessions as the limits say.
            RuntimeError: If no world has opened in it.
        """
        source = self.find(session_id)
        self._check_room()
        session = Session(source.group, self._clock())
        session.become(source)
        return self._add(session)

    def find(self, session_id: str) -> Session:
        """The session of an id, which counts as used now.

        Raises:
            UnknownSessionError: If there is none.
        """
        if session_id not in self._sessions:
            raise UnknownSessionError("a session must be one that is open on this server, got an id of none")
        session = self._sessions[session_id]
        session.used_at = self._clock()
        return session

    def find_watched(self, watch_id: str) -> Session:
        """The session that an id for watching belongs to; watching does not keep it open.

        Raises:
            UnknownSessionError: If there is none.
        """
        for session in self._sessions.values():
            if session.watch_id == watch_id:
                return session
        raise UnknownSessionError("a session to watch must be one that is open on this server, got an id of none")

    def step(self, asked: Sequence[tuple[str, Any]]) -> list[Shown | Exception]:
        """One step of several sessions, each named once.

        Args:
            asked: Id and action of each.

        Returns:
            For each what it shows, or the error that kept it, and no other, from stepping: UnknownSessionError,
            ValueError for an action that is none, RuntimeError where no world has opened.
        """
        ready = [self._ready(*one) for one in asked]
        results: dict[int, Shown | Exception] = {n: one for n, one in enumerate(ready) if isinstance(one, Exception)}
        for group in self._groups.values():
            rows = {n: one for n, one in enumerate(ready) if isinstance(one, _Ready) and one.session.group is group}
            results |= zip(rows, self._step_group(group, list(rows.values())), strict=True)
        return [results[n] for n in range(len(asked))]

    def save(self, session_id: str) -> bytes:
        """The state of a session, sealed.

        Raises:
            UnknownSessionError: If there is no such session.
            RuntimeError: If no world has opened in it.
        """
        session = self.find(session_id)
        return self._seal.close(session.group.core.write_state(session.sub_env.get_state()))

    def load(self, session_id: str, sealed: bytes) -> Session:
        """A session that goes on from a state that `save` gave, here or on another server with the same key.

        Raises:
            UnknownSessionError: If there is no such session.
            ValueError: If the state has no seal of this key, or is of other settings.
        """
        session = self.find(session_id)
        session.load(self.unsealed(sealed))
        return session

    def unsealed(self, sealed: Any) -> bytes:
        """The bytes of a saved state.

        Raises:
            ValueError: If they are none, or were not sealed with this server's key.
        """
        if not isinstance(sealed, bytes):
            raise ValueError(f"a state must be bytes, got {type(sealed).__name__}")
        return self._seal.open(sealed)

    def close(self, session_id: str) -> None:
        """End a session; the last one of its settings frees their backend.

        Raises:
            UnknownSessionError: If there is no such session.
        """
        group = self.find(session_id).group
        del self._sessions[session_id]
        if all(session.group is not group for session in self._sessions.values()):
            self._groups = {key: one for key, one in self._groups.items() if one is not group}
            group.core.world.close()

    def close_idle(self) -> list[str]:
        """End sessions that nobody has used for too long; their ids."""
        late = self._clock() - self.limits.idle_seconds
        idle = [session_id for session_id, session in self._sessions.items() if session.used_at < late]
        for session_id in idle:
            self.close(session_id)
        return idle

    def close_all(self) -> None:
        """End all sessions."""
        for session_id in list(self._sessions):
            self.close(session_id)

    def _add(self, session: Session) -> Session:
        self._sessions[session.session_id] = session
        return session

    def _check_room(self) -> None:
        self.close_idle()
        most = self.limits.most_sessions
        if len(self._sessions) >= most:
            raise FullError(f"sessions must be at most {most} at once, got one more; close one or come back later")

    def _group(self, config: EpisodeConfig) -> Group:
        key = json.dumps(asdict(config), sort_keys=True)
        if key not in self._groups:
            most = self.limits.most_groups
            if len(self._groups) >= most:
                raise FullError(f"sessions must be of at most {most} different settings at once, got one more")
            self._groups[key] = Group.of(config)
        return self._groups[key]

    def _ready(self, session_id: str, action: Any) -> _Ready | Exception:
        """A session that is ready to step, or why it is not."""
        try:
            session = self.find(session_id)
            session.group.action_mode.read(action, 1)
            return _Ready(session, action, session.before_step())
        except (LookupError, ValueError, TypeError, OverflowError, RuntimeError) as error:
            return error

    def _step_group(self, group: Group, ready: Sequence[_Ready]) -> list[Shown]:
        if not ready:
            return []
        stepped = group.core.step([one.state for one in ready], [one.action for one in ready])
        return [one.session.after_step(one.action, *row) for one, row in zip(ready, stepped, strict=True)]


@dataclass(frozen=True)
class _Ready:
    """A session that is about to step from a state by an action that it can take."""

    session: Session
    action: Any
    state: EnvState
