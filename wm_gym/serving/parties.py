"""`Parties`: all shared worlds of a server, by ids and keys that nobody guesses. One thread uses it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from wm_gym.envs.checking import read_count
from wm_gym.envs.config import EpisodeConfig
from wm_gym.serving.offer import Offer
from wm_gym.serving.party import MOST_PLAYERS, Party
from wm_gym.serving.session import Group
from wm_gym.serving.sessions import FullError, Limits, UnknownSessionError


class Parties:
    """Shared worlds, each with a backend of its own.

    Args:
        offer: What clients may choose.
        limits: How many there may be.
        clock: Gives seconds that only rise.
    """

    def __init__(self, offer: Offer, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._offer, self._limits, self._clock = offer, limits or Limits(), clock
        self._parties: dict[str, Party] = {}

    def __len__(self) -> int:
        return len(self._parties)

    def knows(self, key: str) -> bool:
        """Whether a key lets in to a role; may be asked in any thread."""
        return any(key in party.keys.values() for party in list(self._parties.values()))

    def create(
        self,
        settings: Mapping[str, Any] | None = None,
        seed: int | None = None,
        options: dict[str, Any] | None = None,
        most_players: int = MOST_PLAYERS,
    ) -> Party:
        """A shared world, open, in which nobody plays yet.

        Raises:
            ValueError: If a setting or option is none that a client may choose, or more than the backend can do.
            FullError: If there are as many as the limits say.
            ImportError: If the backend needs an extra that is not installed.
        """
        if read_count("most_players", most_players) > MOST_PLAYERS:
            raise ValueError(f"most_players must be at most {MOST_PLAYERS}, got {most_players}")
        config = self._offer.config(settings or {})
        if len(self._parties) >= self._limits.most_parties:
            most = self._limits.most_parties
            raise FullError(f"shared worlds must be at most {most} at once, got one more; close one or come back later")
        group = _group_of(config)
        try:
            party = Party(group, tuple(f"agent_{n}" for n in range(most_players)), self._clock())
            party.open(seed, options)
        except BaseException:
            group.core.world.close()
            raise
        self._parties[party.party_id] = party
        return party

    def find(self, party_id: str) -> Party:
        """The party of an id, which counts as used now.

        Raises:
            UnknownSessionError: If there is none.
        """
        if party_id not in self._parties:
            raise UnknownSessionError("a shared world must be one that is open on this server, got an id of none")
        self._parties[party_id].used_at = self._clock()
        return self._parties[party_id]

    def admit(self, key: str) -> tuple[Party, str]:
        """The party that a key lets in to, and the role.

        Raises:
            UnknownSessionError: If there is none.
        """
        for party in self._parties.values():
            for role, one in party.keys.items():
                if one == key:
                    return self.find(party.party_id), role
        raise UnknownSessionError("a key must be of a shared world that is open on this server, got another")

    def close(self, party_id: str) -> None:
        """End a shared world and free its backend.

        Raises:
            UnknownSessionError: If there is none.
        """
        self.find(party_id).group.core.world.close()
        del self._parties[party_id]

    def close_idle(self, busy: Collection[str] = ()) -> list[str]:
        """End shared worlds to which nobody has been connected for too long; their ids.

        Args:
            busy: Ids of those to which somebody is connected.
        """
        late = self._clock() - self._limits.idle_seconds
        for party_id in busy:
            if party_id in self._parties:
                self.find(party_id)
        idle = [party_id for party_id, party in self._parties.items() if party.used_at < late]
        for party_id in idle:
            self.close(party_id)
        return idle

    def close_all(self) -> None:
        """End all shared worlds."""
        for party_id in list(self._parties):
            self.close(party_id)


def _group_of(config: EpisodeConfig) -> Group:
    """A group in whose worlds bodies stop and see one another.

    Raises:
        ValueError: If the backend cannot place bodies.
    """
    group = Group.of(config, bodies_collide=True)
    world = group.core.world
    if world.spec.steered_by == "pose" and (world.spec.shows_bodies or world.drawing.adopts):
        return group
    world.close()
    if world.spec.steered_by != "pose":
        raise ValueError(f"several bodies need a backend that is steered by poses, got {world.spec.name!r}")
    return Group.of(replace(config, draw_events=True), bodies_collide=True)
