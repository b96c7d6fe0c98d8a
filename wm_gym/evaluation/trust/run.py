"""Plays policies from the same starts in a generated world and in the twin, and keeps every episode."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from wm_gym.agents.episodes import Episode, Start, make_worlds, play
from wm_gym.agents.registry import find_agent, make_agent
from wm_gym.envs.state import EnvState
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.evaluation.trust.lockstep import lockstep
from wm_gym.evaluation.trust.moments import Moment
from wm_gym.evaluation.trust.policies import Policy
from wm_gym.evaluation.trust.records import PLACES, TWIN, WORLD, Records
from wm_gym.evaluation.trust.strips import strip_of
from wm_gym.files.atomic import write_atomically
from wm_gym.progress import progress_bar


@dataclass(frozen=True)
class Trial:
    """What is played.

    Attributes:
        backends: Backend of the world and of the twin, by place.
        backend_settings: Of both backends, by place.
        settings: Of all worlds, as `gymnasium.make` takes them; what an agent needs goes before them.
        starts: Of the world and the twin, and those of the twin again, by place.
        num_envs: Most worlds that are stepped in one batch.
        strips: Folder of the film strips.
    """

    backends: Mapping[str, str]
    backend_settings: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    starts: Mapping[str, Sequence[Start]]
    num_envs: int
    strips: Path


def run(trial: Trial, rows: Sequence[tuple[str, Policy]], records: Records) -> None:
    """Play all episodes that are not in the records yet.

    Args:
        trial: What they have in common.
        rows: Pairs of a task and a policy.
        records: Of episodes, which are added to.

    Raises:
        ValueError: If a policy cannot act in a task, or the world cannot be compared with the twin.
    """
    left = {
        (k, place): sorted({*range(len(trial.starts[place]))} - records.numbers(task, policy, place))
        for k, (task, policy) in enumerate(rows)
        for place in PLACES
    }
    stage = _Stage(trial)
    try:
        with progress_bar(total=sum(map(len, left.values())), desc="trust", unit="episode") as bar:
            for (k, place), numbers in left.items():
                bar.set_postfix_str(f"{rows[k][0]}, {rows[k][1].name}, {place}")
                if numbers:
                    _Playing(stage, *rows[k], place, numbers).run(records, bar)
    finally:
        stage.close()


class _Stage:
    """Worlds that stay open from one policy to the next where their settings are the same."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self._open: dict[str, tuple[str, WorldVectorEnv]] = {}

    def worlds(self, task: str, policy: Policy, place: str, count: int) -> WorldVectorEnv:
        """Worlds in which a policy can act: those of `WORLD`, or of the twin for any other place."""
        side = WORLD if place == WORLD else TWIN
        needs = find_agent(policy.agent, policy.agent_settings).needs(**policy.agent_settings)
        backend = {"backend": self.trial.backends[side], "backend_settings": dict(self.trial.backend_settings[side])}
        settings = {**backend, **self.trial.settings, **needs}
        key, (opened, env) = repr((task, count, sorted(settings.items()))), self._open.get(side, ("", None))
        if env is not None and opened == key:
            return env
        if env is not None:
            env.close()
        env = make_worlds(policy.agent, policy.agent_settings, count, task=task, **settings)
        self._open[side] = key, env
        return env

    def close(self) -> None:
        """Close them all."""
        for _, env in self._open.values():
            env.close()


@dataclass
class _Playing:
    """One policy in one task and place."""

    stage: _Stage
    task: str
    policy: Policy
    place: str
    numbers: Sequence[int]
    moments: dict[int, list[Moment]] = field(default_factory=dict)
    began: float = 0.0

    def run(self, records: Records, bar: Any) -> None:
        trial = self.stage.trial
        starts = [trial.starts[self.place][number] for number in self.numbers]
        env = self._worlds(self.place)
        agent = make_agent(self.policy.agent, env, self.policy.agent_settings)

        def ended(index: int, episode: Episode) -> None:
            records.add(self._row(self.numbers[index], episode, self.moments.pop(index, [])))
            bar.update()

        def shown(index: int, state: EnvState) -> None:
            if self.place == WORLD:
                self.moments.setdefault(index, []).append(Moment.of(env.core, state))

        self.began = time.perf_counter()
        play(agent, starts, ended, shown)

    def _worlds(self, place: str) -> WorldVectorEnv:
        count = min(self.stage.trial.num_envs, len(self.numbers))
        return self.stage.worlds(self.task, self.policy, place, count)

    def _row(self, number: int, episode: Episode, moments: Sequence[Moment]) -> dict[str, Any]:
        now = time.perf_counter()
        row = {
            "task": self.task, "policy": self.policy.name, "agent": self.policy.agent,
            "agent_settings": dict(self.policy.agent_settings), "place": self.place, "number": number,
            **episode.row(), "seconds": round(now - self.began, 3),
        }  # fmt: skip
        if moments:
            row |= self._compare(number, episode, moments)
        self.began = time.perf_counter()
        return row

    def _compare(self, number: int, episode: Episode, moments: Sequence[Moment]) -> dict[str, Any]:
        """The twin's answer to an episode of the world, with a strip of its worst moments."""
        twin = self._worlds(TWIN)
        found = lockstep(twin.core, episode.start, episode.actions, moments)
        strip = strip_of(moments, found.led, found.divergence.depth_absrel)
        name = f"{self.task}-{self.policy.name}-{number:03d}.png".replace(" ", "_").replace(":", ".")
        picture = Image.fromarray(strip.picture)
        write_atomically(self.stage.trial.strips / name, lambda file: picture.save(file, "PNG"))
        return {"lockstep": found.divergence.row(), "strip": name, "strip_steps": [strip.first, strip.last]}
