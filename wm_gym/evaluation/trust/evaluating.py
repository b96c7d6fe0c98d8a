"""`wm-gym eval-trust`: policies in a generated world and in the twin, and how far the world may be believed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wm_gym.agents.episodes import Start
from wm_gym.agents.rl.policy_file import find_policy, read_card
from wm_gym.backends.registry import BACKENDS
from wm_gym.choices import find_class
from wm_gym.envs.tasks.registry import find_task
from wm_gym.evaluation.trust.policies import TRAINED, Policy, check_names, default_policies, policies_in, read_policies
from wm_gym.evaluation.trust.records import AGAIN, TWIN, WORLD, Records
from wm_gym.evaluation.trust.report import write_report
from wm_gym.evaluation.trust.run import Trial, run
from wm_gym.evaluation.trust.summary import of_checkpoints, summary
from wm_gym.evaluation.trust.tables import Table
from wm_gym.files.atomic import check_writable
from wm_gym.scenes.named import find_world, shipped_scenes

_WAITING = {"twin": {"idle_processes": 8}}
"""Settings of a twin: an episode opens ten times as fast where an engine waits."""


_APART = 1_000_000
"""Between the seeds of the starts and those of the twin's other starts."""


@dataclass
class EvalTrustConfig:
    """Who acts, where, how often, and where the report goes.

    Attributes:
        policies: Each "agent", "name=agent{setting: value}" or the path of a YAML list of {name, agent,
            agent_settings, tasks}; empty for nine: a walker to the goal, five of it with a rising share of chance, one
            that turns at walls, one by chance, and a planner.
        policies_folder: Folder of trained policies, each in the task that it has learnt; empty for none.
        checkpoints: Folders of policies, checkpoints of one training in order, for where it begins to exploit the
            world; they count for nothing else.
        tasks: Names such as "point_goal", or "package.module:Class".
        task_settings: Of all tasks.
        backend: Who makes the frames of the world.
        backend_settings: The backend's own.
        twin: The backend that is believed.
        twin_settings: Its own; empty for engines that wait at up to eight places, 180 MB each.
        worlds: Names of worlds, in which the episodes begin one after another; empty for all shipped places.
        difficulty: "simple", "medium" or "full"; the shipped places are "full".
        episodes: Of each policy in each task and place.
        seed: Of the first episode; each later one has the next.
        starts: File of JSON lines with "seed" and "world", of which the episodes begin at the first ones, in place of
            `worlds` and `seed`; empty for none.
        steps: At most so many in an episode.
        height: Rows of a frame, where a policy needs no other.
        width: Columns of a frame, where a policy needs no other.
        finer: As `gym.make` takes it; 1 is faster.
        body: Size and speeds of the body, as `gym.make` takes them.
        num_envs: Worlds that are stepped in one batch.
        output: Folder of the report; what it holds of the same settings is not played again, and episodes, policies
            and tasks can be added.
        json: Path of a copy of the figures; empty for none.
    """

    policies: list[str] = field(default_factory=list)
    policies_folder: str = ""
    checkpoints: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=lambda: ["point_goal", "explore"])
    task_settings: dict[str, Any] = field(default_factory=dict)
    backend: str = "video"
    backend_settings: dict[str, Any] = field(default_factory=dict)
    twin: str = "twin"
    twin_settings: dict[str, Any] = field(default_factory=dict)
    worlds: list[str] = field(default_factory=list)
    difficulty: str = "full"
    episodes: int = 24
    seed: int = 0
    starts: str = ""
    steps: int = 48
    height: int = 48
    width: int = 64
    finer: int = 1
    body: dict[str, float] = field(default_factory=dict)
    num_envs: int = 1
    output: str = "outputs/trust"
    json: str = ""

    def __post_init__(self) -> None:
        for name, least in (("episodes", 2), ("steps", 1), ("num_envs", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not self.tasks:
            raise ValueError("tasks must name at least one task, got none")

    def rows(self) -> list[tuple[str, Policy]]:
        """Pairs of a task and a policy that are compared, but for checkpoints.

        Raises:
            ValueError: If a policy or a task is none, a policy is for none of the tasks, or a task has fewer than two.
        """
        named = read_policies(self.policies) + (policies_in(self.policies_folder) if self.policies_folder else [])
        for policy in named:
            if policy.tasks and not {*policy.tasks} & {*self.tasks}:
                raise ValueError(
                    f"policy {policy.name!r} must be for one of the tasks {self.tasks}, got {list(policy.tasks)}"
                )
        rows = []
        for task in self.tasks:
            find_task(task, self.task_settings)
            fitting = [policy for policy in named if not policy.tasks or task in policy.tasks]
            chosen = check_names([*([] if self.policies else default_policies(task)), *fitting])
            if len(chosen) < 2:
                raise ValueError(f"policies for task {task!r} must be at least 2, got {[one.name for one in chosen]}")
            rows += [(task, policy) for policy in chosen]
        return rows

    def checkpoint_rows(self) -> list[tuple[str, Policy]]:
        """Pairs of a task and a policy for each checkpoint.

        Raises:
            ValueError: If one is none, or they are fewer than two or of several tasks.
        """
        tasks = [read_card(find_policy(path)).task for path in self.checkpoints]
        if self.checkpoints and (len(tasks) < 2 or len(set(tasks)) > 1):
            raise ValueError(f"checkpoints must be at least 2 of one task, got tasks {tasks}")
        return [
            (task, Policy(f"checkpoint {number}: {Path(path).name}", TRAINED, {"path": path}, (task,)))
            for number, (path, task) in enumerate(zip(self.checkpoints, tasks, strict=True))
        ]

    def trial(self) -> Trial:
        """What all episodes have in common."""
        same = read_starts(self.starts, self.episodes) if self.starts else self._starts()
        for name in {start.world for start in same}:
            find_world(name, 0, self.difficulty)
        others = [replace(start, seed=start.seed + _APART) for start in same]
        settings = {
            "task_settings": self.task_settings, "difficulty": self.difficulty, "finer": self.finer, "body": self.body,
            "resolution": (self.height, self.width), "max_episode_steps": self.steps,
        }  # fmt: skip
        return Trial(
            backends={WORLD: self.backend, TWIN: self.twin},
            backend_settings={WORLD: self.backend_settings, TWIN: self.twin_settings or _WAITING.get(self.twin, {})},
            settings=settings,
            starts={WORLD: same, TWIN: same, AGAIN: others},
            num_envs=self.num_envs,
            strips=Path(self.output) / "strips",
        )

    def _starts(self) -> list[Start]:
        names = self.worlds or shipped_scenes()
        return [Start(self.seed + number, names[number % len(names)]) for number in range(self.episodes)]


def read_starts(path: str, count: int) -> list[Start]:
    """The first starts of a file of JSON lines, each with "seed" and "world".

    Raises:
        ValueError: If the file cannot be read, a line is none of a start, or there are too few.
    """
    try:
        rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()[:count]]
        starts = [Start(int(row["seed"]), str(row["world"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"starts must be a file of JSON lines with 'seed' and 'world', got {path!r}") from error
    if len(starts) < count:
        raise ValueError(f"starts must hold at least {count} lines, one for each episode, got {len(starts)}")
    return starts


def eval_trust(config: EvalTrustConfig) -> dict[str, Any]:
    """Play what is not there yet, compare and report; returns the figures.

    Raises:
        ValueError: If a setting is none that exists, a folder cannot be written to or holds other settings.
    """
    output = Path(config.output)
    check_writable(output, is_folder=True)
    if config.json:
        check_writable(config.json, name="json")
    for name in (config.backend, config.twin):
        find_class("backend", name, BACKENDS)
    rows, checkpoints, trial = config.rows(), config.checkpoint_rows(), config.trial()
    trial.strips.mkdir(parents=True, exist_ok=True)
    records = Records(output / "episodes.jsonl", _told(config, trial))
    run(trial, [*rows, *checkpoints], records)
    tables = [Table(records.rows, task, _names(rows, task)) for task in dict.fromkeys(task for task, _ in rows)]
    seeing = [policy.name for _, policy in rows if policy.sees]
    title = f"{config.backend} against {config.twin}"
    data: dict[str, Any] = {"title": title, "backend": config.backend, "twin": config.twin}
    data |= summary(tables, seeing)
    if checkpoints:
        task = checkpoints[0][0]
        data["exploitation"] = of_checkpoints(Table(records.rows, task, _names(checkpoints, task)))
    write_report(output, data, tables)
    if config.json:
        Path(config.json).write_bytes((output / "trust.json").read_bytes())
    return data


def _names(rows: Sequence[tuple[str, Policy]], task: str) -> list[str]:
    return [policy.name for of, policy in rows if of == task]


def _told(config: EvalTrustConfig, trial: Trial) -> dict[str, Any]:
    """What decides an episode beside task, policy and number."""
    return {
        "backends": dict(trial.backends), "backend_settings": config.backend_settings, "settings": dict(trial.settings),
        "seed": config.seed, "worlds": config.worlds or shipped_scenes(), "starts": config.starts,
    }  # fmt: skip
