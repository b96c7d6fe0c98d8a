"""`RemoteEnv`: a world on a server as a Gymnasium environment: what it shows is what the server's environment shows.

env = gymnasium.make("wm_gym/Remote-v0", url="http://127.0.0.1:8765", token="...", world="city/9")
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np

from wm_gym.envs.checking import read_seed
from wm_gym.envs.time_limits import count_as
from wm_gym.serving.link import Link
from wm_gym.serving.spaces import space_of

_WANTED = ["observation", "info"]


class RemoteEnv(gym.Env[Any, Any]):
    """One session of a server.

    Args:
        url: Of the server, such as "http://127.0.0.1:8765".
        token: The server's.
        render_mode: "rgb_array" or None.
        timeout_seconds: Longest wait for a reply.
        settings: What a client may choose (`wm_gym.serving.offer.CHOICES`): world, obs_mode, action_mode, task, ...

    Raises:
        ValueError: If the server refuses a setting or the token.
        ConnectionError: If there is no server.

    Attributes:
        watch_id: Whoever knows it can look on.
    """

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (Gymnasium's own type)

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        render_mode: str | None = None,
        timeout_seconds: float = 60.0,
        **settings: Any,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode must be None or 'rgb_array', got {render_mode!r}")
        self._link = Link(url, token, settings, timeout_seconds)
        self.watch_id: str = self._link.session["watch"]
        spaces = self._link.ask("spaces")
        self.observation_space = space_of(spaces["observation_space"])
        self.action_space = space_of(spaces["action_space"])
        self.metadata = {**self.metadata, **spaces["metadata"]}
        self.render_mode, self._steps = render_mode, 0

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Open a world.

        Args:
            seed: As `WorldEnv.reset`.
            options: "prompt", "world", "events" (a list), "image" and "depth" (arrays), or "state" as `save` gave it.

        Raises:
            ValueError: If the server refuses one.
            ConnectionError: If the server does not answer.
        """
        super().reset(seed=read_seed(seed))
        reply = self._link.ask("reset", seed=seed, options=dict(options or {}), want=_WANTED)
        self._count(reply)
        return reply["observation"], reply["info"]

    def step(self, action: Any) -> tuple[dict[str, np.ndarray], SupportsFloat, bool, bool, dict[str, Any]]:
        """One step of the world.

        Raises:
            ValueError: If the action is not in the action space, or the environment was not reset.
            ConnectionError: If the server does not answer.
        """
        count_as(self, self._steps, sys._getframe())
        reply = self._link.ask("step", action=_plain(action), want=_WANTED)
        self._steps = reply["step"]
        return reply["observation"], reply["reward"], reply["terminated"], False, reply["info"]

    def trigger_event(self, text: str, *, for_steps: int | None = None) -> None:
        """Start or stop an event from the next step on.

        Raises:
            ValueError: If the text is empty, or `for_steps` is no number of steps.
        """
        self._link.ask("event", text=text, for_steps=for_steps, want=[])

    def stop_event(self, event: str) -> None:
        """End running events of a kind, or of a text, from the next step on.

        Raises:
            ValueError: If no such event is going on.
        """
        self._link.ask("stop_event", event=event, want=[])

    def events(self) -> list[dict[str, Any]]:
        """The events at work, as `WorldEnv.events`."""
        return self._link.ask("look", want=[])["events"]

    def save(self) -> bytes:
        """The state, for `load` or `reset(options={"state": ...})` on this server or one with the same `state_key`."""
        return self._link.request("GET", f"{self._link.path}/state")

    def load(self, state: bytes) -> None:
        """Go on from a saved state; a time limit goes with it.

        Raises:
            ValueError: If the server did not save it.
        """
        self._link.request("PUT", f"{self._link.path}/state", state)
        self._steps = self._link.ask("look", want=[])["step"]

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """The last frame, (H, W, 3) uint8, for "rgb_array"."""
        if self.render_mode is None:
            return None
        shown = self._link.ask("look", want=["frames"], image="raw")
        return shown["frames"][-self._link.session["height"] :]

    def close(self) -> None:
        """End the session; may be called twice."""
        self._link.close()

    def _count(self, reply: Mapping[str, Any]) -> None:
        self._steps = reply["step"]
        count_as(self, self._steps, sys._getframe(1))


def _plain(action: Any) -> Any:
    """Sequences as arrays: JSON cannot tell their numbers' types."""
    return np.asarray(action) if isinstance(action, list | tuple) else action
