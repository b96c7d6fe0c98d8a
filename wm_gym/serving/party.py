"""`Party`: one world that several people share: players with a body each, a director, spectators. Knows no network."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gymnasium.utils import seeding

from wm_gym.choices import check_choice
from wm_gym.envs.checking import read_count
from wm_gym.envs.shared_world import Move, SharedWorld, SharedWorlds
from wm_gym.serving.offer import MOST_EVENTS, check_letters, read_reset
from wm_gym.serving.session import Group, Shown
from wm_gym.serving.sessions import FullError, UnknownSessionError

ROLES: Mapping[str, tuple[str, ...]] = {
    "player": ("act", "look"),
    "director": ("event", "stop_event", "time", "follow", "look"),
    "spectator": ("follow", "look"),
}
"""Name of a role to what it may ask for."""

MOST_PLAYERS = 8
"""Of one world: all draw all others, so the cost of a step grows with their square."""


@dataclass(eq=False)
class Party:
    """One shared world and who plays in it.

    There is always a body: that of the last player who leaves stands still until somebody comes, who takes it over.

    Attributes:
        group: Its settings and what makes its frames.
        names: Of the bodies that there can be.
        used_at: When it was last used, in seconds of the server's clock.
        party_id: Whoever knows it ends the party.
        keys: Role to the secret that lets in to it.
        seats: Secret of a player to the name of its body.
        shared: The world and its bodies.
    """

    group: Group
    names: tuple[str, ...]
    used_at: float
    party_id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    keys: dict[str, str] = field(default_factory=lambda: {role: secrets.token_urlsafe(18) for role in ROLES})
    seats: dict[str, str] = field(default_factory=dict)
    shared: SharedWorld = field(init=False)

    def __post_init__(self) -> None:
        self._worlds = SharedWorlds(self.group.core, self.names)

    def open(self, seed: int | None, options: dict[str, Any] | None) -> None:
        """Open its world, with one body that nobody plays.

        Raises:
            ValueError: If the seed or an option is none, or more than the backend can do.
        """
        asked = read_reset(options)
        if asked.state is not None:
            raise ValueError("option 'state' must be left out of a world of several players, got one")
        if seed is not None:
            read_count("seed", seed, 0, "None or an integer from 0")
        self.shared = self._worlds.open(asked, self.names[:1], seeding.np_random(seed)[0])

    def join(self) -> str:
        """Secret of one more player, whose body is there with the next step or stands there already.

        Raises:
            FullError: If there are as many as the party takes.
        """
        played = set(self.seats.values())
        idle = [name for name in self.shared.agents if name not in played]
        free = idle or [name for name in self.names if name not in played]
        if not free:
            raise FullError(f"players of this world must be at most {len(self.names)}, got one more")
        seat = secrets.token_urlsafe(18)
        self.seats[seat] = free[0]
        return seat

    def leave(self, seat: str) -> None:
        """Take a player out with its body, if it is not the last one; a seat of none is no error."""
        name = self.seats.pop(seat, None)
        if name in self.shared.agents and len(self.shared.agents) > 1:
            left = self._worlds.without(self.shared, [name])
            assert left is not None
            self.shared = left

    def body_of(self, seat: str) -> str:
        """Name of a player's body.

        Raises:
            UnknownSessionError: If there is no such player.
        """
        if seat not in self.seats:
            raise UnknownSessionError("a seat must be one that is taken in this world, got another")
        return self.seats[seat]

    def step(self, actions: Mapping[str, Any]) -> None:
        """One step of the world with all its bodies, which move at once.

        Players for whose bodies there is no room lose their seats.

        Args:
            actions: By seat; bodies of others stand still.
        """
        asked = {self.seats[seat]: action for seat, action in actions.items() if seat in self.seats}
        move = self._prepared({name: action for name, action in asked.items() if name in self.shared.agents})
        stepped = self.group.core.step_world(move.world, move.states, move.actions)
        self.shared, _ = self._worlds.settle(self.shared, move, *stepped)

    def _prepared(self, asked: Mapping[str, Any]) -> Move:
        joining = set(self.seats.values()) - set(self.shared.agents)
        try:
            return self._worlds.prepare(self.shared, asked, joining)
        except ValueError:
            if not joining:
                raise
            self.seats = {seat: name for seat, name in self.seats.items() if name not in joining}
            return self._worlds.prepare(self.shared, asked)

    def shown(self, name: str | None = None) -> Shown:
        """What a body sees; of one that is not there yet, or None, what the first sees."""
        states = self.shared.states
        return Shown(self.group.core, states.get(name or "", next(iter(states.values()))))

    def bodies(self) -> list[dict[str, Any]]:
        """Name and pose (x, y, z, yaw, pitch) of all bodies, and whether somebody plays them."""
        played = set(self.seats.values())
        return [
            {"name": name, "pose": state.outcome.body_poses[0, -1].tolist(), "is_played": name in played}
            for name, state in self.shared.states.items()
        ]

    def check_body(self, name: Any) -> str:
        """The name of a body that is there.

        Raises:
            ValueError: If it is none.
        """
        check_choice("body", name, self.shared.agents)
        return name

    def trigger_event(self, text: str, for_steps: int | None = None) -> None:
        """Start or stop an event of the world from the next step on.

        Raises:
            ValueError: If the text is empty or too long, `for_steps` is no number of steps, or there are too many.
        """
        check_letters("text", text)
        core, states = self.group.core, self.shared.states
        if len(next(iter(states.values())).world.scripts[0].events) >= MOST_EVENTS:
            raise ValueError(f"events of a world must be at most {MOST_EVENTS}, got one more")
        self.shared = self.shared.with_states(
            {name: core.schedule_event(state, text, steps=for_steps) for name, state in states.items()}
        )

    def stop_event(self, event: str) -> None:
        """End running events of a kind or text from the next step on.

        Raises:
            ValueError: If no such event is going on.
        """
        check_letters("event", event)
        core = self.group.core
        self.shared = self.shared.with_states(
            {name: core.stop_event(state, event) for name, state in self.shared.states.items()}
        )
