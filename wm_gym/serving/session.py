"""`Session`: one client's episode, with its past and what is recorded of it. Knows nothing of the network."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from wm_gym.envs.actions import ActionMode, find_action_mode
from wm_gym.envs.checking import read_count
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.core import EnvCore
from wm_gym.envs.replay.recording import Recording
from wm_gym.envs.state import EnvState
from wm_gym.envs.sub_env import SubEnv
from wm_gym.serving.offer import MOST_EVENTS, check_letters, read_reset
from wm_gym.serving.past import Past

MOST_RECORDED_BYTES = 64 * 2**20
"""Pictures of a recording; what follows is not recorded."""


@dataclass(eq=False)
class Group:
    """Sessions of equal settings, which are stepped in one batch.

    Attributes:
        config: The settings.
        core: Makes their frames.
        action_mode: Reads their actions.
    """

    config: EpisodeConfig
    core: EnvCore
    action_mode: ActionMode

    @classmethod
    def of(cls, config: EpisodeConfig, *, bodies_collide: bool = False) -> Group:
        """The group of such settings.

        Args:
            config: The settings.
            bodies_collide: Whether bodies that share a world stop one another.

        Raises:
            ValueError: If a setting is more than the backend can do.
            ImportError: If the backend needs an extra that is not installed.
        """
        return cls(config, EnvCore(config, bodies_collide=bodies_collide), find_action_mode(config.action_mode))


@dataclass(frozen=True)
class Shown:
    """What a session shows now.

    Attributes:
        core: That made it.
        state: The episode.
        reward: Of the step that led here; 0 for anything but a step.
    """

    core: EnvCore
    state: EnvState
    reward: float = 0.0


def _secret() -> str:
    return secrets.token_urlsafe(18)


@dataclass(eq=False)
class Session:
    """One episode that a client steps.

    Attributes:
        group: Its settings and what makes its frames.
        used_at: When it was last used, in seconds of the server's clock.
        session_id: Whoever knows it steers.
        watch_id: Whoever knows it sees.
        sub_env: The episode and its random numbers.
        past: States to go back to.
        recording: What is recorded, or None.
        last_message: Number of the last message from its client; 0 for none.
        last_reply: Reply to that message, in case it is asked for again.
        is_open: Whether a world has opened in it.
    """

    group: Group
    used_at: float
    session_id: str = field(default_factory=_secret)
    watch_id: str = field(default_factory=_secret)
    sub_env: SubEnv = field(init=False)
    past: Past = field(default_factory=Past)
    recording: Recording | None = None
    last_message: int = 0
    last_reply: bytes | str = ""
    is_open: bool = False

    def __post_init__(self) -> None:
        self.sub_env = SubEnv(self.group.core, None)

    @property
    def shown(self) -> Shown:
        """What it shows now.

        Raises:
            RuntimeError: If no world has opened in it.
        """
        return Shown(self.group.core, self.sub_env.now)

    def reset(self, seed: int | None, options: dict[str, Any] | None) -> None:
        """Open a world, as `WorldEnv.reset`.

        Raises:
            ValueError: If the seed or an option is none, or names something on the host.
        """
        asked = read_reset(options)
        if seed is not None:
            self.sub_env.seed(read_count("seed", seed, 0, "None or an integer from 0"))
        [state] = self.group.core.open([asked], [self.sub_env.np_random], [seed is not None])
        self.sub_env.reset(state)
        self._begin_anew()

    def before_step(self) -> EnvState:
        """The state to step from; the past keeps it, and the recording the events that it goes by."""
        if self.past.wants_state:
            self.past.keep(self.sub_env.get_state())
        if self.recording is not None:
            self.recording.note_events(self.sub_env.now)
        return self.sub_env.now

    def after_step(self, action: Any, state: EnvState, reward: float) -> Shown:
        """Take over the state after a step."""
        self.sub_env.go_on(state, has_ended=state.is_over)
        self.past.count_step()
        if self.recording is not None and self.recording.nbytes < MOST_RECORDED_BYTES:
            self.recording.add(action, self.sub_env.get_state(), reward)
        return Shown(self.group.core, state, reward)

    def trigger_event(self, text: str, for_steps: int | None = None) -> None:
        """Start or stop an event from the next step on.

        Raises:
            ValueError: If the text is empty or too long, `for_steps` is no number of steps, or there are too many.
        """
        check_letters("text", text)
        if len(self.sub_env.now.world.scripts[0].events) >= MOST_EVENTS:
            raise ValueError(f"events of a session must be at most {MOST_EVENTS}, got one more")
        before = self.sub_env.get_state()
        self.sub_env.trigger_event(text, for_steps=for_steps)
        self.past.keep(before)

    def stop_event(self, event: str) -> None:
        """End running events of a kind or text from the next step on.

        Raises:
            ValueError: If no such event is going on.
        """
        check_letters("event", event)
        before = self.sub_env.get_state()
        self.sub_env.stop_event(event)
        self.past.keep(before)

    def undo(self) -> None:
        """Go back to the state that was kept last, and on in the recording from there.

        Raises:
            ValueError: If there is none.
        """
        state = self.past.go_back()
        self.sub_env.set_state(state)
        if self.recording is not None:
            self._go_back_in(self.recording, state)

    def load(self, data: bytes) -> None:
        """Go on from a saved state, whose seal is open.

        Raises:
            ValueError: If it is damaged, or of another version, backend, size, weights, task or body.
        """
        self.sub_env.set_state(data)
        self._begin_anew()

    def record(self) -> None:
        """Begin a recording that opens with the state now."""
        core, state = self.group.core, self.sub_env.get_state()
        data = core.write_state(state)
        opened = replace(core.read_state(data), rng_state=state.rng_state)
        self.recording = Recording(
            core, opened, {"seed": None, "rng_state": state.rng_state, "options": {"state": data}}, snapshot_every=0
        )

    def become(self, source: Session) -> None:
        """Take over the episode of another session, with its past and what is recorded of it."""
        self.sub_env.become(source.sub_env)
        self.past = source.past.copied()
        self.recording = None if source.recording is None else source.recording.copied()
        self.is_open = source.is_open

    def _begin_anew(self) -> None:
        self.past, self.recording, self.is_open = Past(), None, True

    def _go_back_in(self, recording: Recording, state: EnvState) -> None:
        steps = self.group.core.steps
        left = recording.num_steps + steps(state) - steps(recording.last)
        if left < 0:  # from before the recording began
            self.recording = None
        elif left <= recording.num_steps:  # a full recording ends before the walk
            recording.go_back(left, state)
