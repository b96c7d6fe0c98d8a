"""The policies of a trust report: rows of a name, an agent and its settings, as written, from YAML or a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from wm_gym.agents.registry import find_agent
from wm_gym.agents.rl.policy_file import CARD, read_card
from wm_gym.choices import check_known
from wm_gym.envs.tasks.registry import find_task

_WRITTEN = re.compile(r"(?:(?P<name>[^={}]+)=)?(?P<agent>[\w.:]+)(?P<settings>\{.*\})?")

TRAINED = "policy"
POLICY = "policy"
"""Folder that a training writes its policy to."""

NOISE = (0.15, 0.3, 0.45, 0.6, 0.75)
"""Shares of chance in the ladder of skill."""

PLANNING = {"horizon": 2, "samples": 6, "iterations": 1, "hold": 4, "elites": 2}
"""Of the planner of the default set: 48 imagined steps in four."""


@dataclass(frozen=True)
class Policy:
    """Who acts.

    Attributes:
        name: In tables and pictures.
        agent: As `wm_gym.agents.registry.find_agent` takes it.
        agent_settings: The agent's own.
        tasks: Names of the tasks that it is for; empty for all.
    """

    name: str
    agent: str
    agent_settings: Mapping[str, Any] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip() or "/" in self.name:
            raise ValueError(f"name of a policy must be text without a slash, got {self.name!r}")
        find_agent(self.agent, self.agent_settings)

    @property
    def sees(self) -> bool:
        """Whether it is shown frames or depth: one that is not cannot tell how well a world is made."""
        needs = find_agent(self.agent, self.agent_settings).needs(**self.agent_settings)
        return bool({"rgb", "depth", "points", "sb3"} & {*needs["obs_mode"].split("+")})


def read_policies(written: Sequence[str]) -> list[Policy]:
    """Policies as a command line has them: "name=agent{setting: value}", "agent", or the path of a YAML file of rows.

    Raises:
        ValueError: If one is none of these, or two have one name.
    """
    found = [
        policy for text in written for policy in (_of_file(text) if text.endswith((".yaml", ".yml")) else [_of(text)])
    ]
    return check_names(found)


def policies_in(folder: str) -> list[Policy]:
    """All trained policies under a folder, each for the task that it has learnt, by the name of its training's folder.

    Raises:
        ValueError: If there is none.
    """
    paths = sorted(card.parent for card in Path(folder).rglob(CARD))
    if not paths:
        raise ValueError(f"policies_folder must hold folders of trained policies, got none in {folder!r}")
    return [Policy(_name_of(path, folder), TRAINED, {"path": str(path)}, (read_card(path).task,)) for path in paths]


def default_policies(task: str) -> list[Policy]:
    """Nine for a task: a ladder of skill, which makes differences that a world must show, and others."""
    goal = find_task(task).goal_space
    best = "goal_walker" if goal is not None and goal.shape == (2,) else "wall_turner"
    noisy = [
        Policy(f"{best}, {share:.0%} chance", "noisy", {"agent": best, "share": share}, (task,)) for share in NOISE
    ]
    others = [name for name in ("wall_turner", "random") if name != best]
    return [
        Policy(best, best, {}, (task,)),
        *noisy,
        *(Policy(name, name, {}, (task,)) for name in others),
        Policy("planner", "planner", PLANNING, (task,)),
    ]


def check_names(policies: Sequence[Policy]) -> list[Policy]:
    """The policies, no two of which have a name and a task in common.

    Raises:
        ValueError: If two have.
    """
    seen: list[Policy] = []
    for policy in policies:
        for other in seen:
            if other.name == policy.name and (not other.tasks or not policy.tasks or {*other.tasks} & {*policy.tasks}):
                raise ValueError(f"policies must have names of their own, got {policy.name!r} twice")
        seen.append(policy)
    return seen


def _name_of(path: Path, folder: str) -> str:
    """Such as "ppo" of FOLDER/ppo/policy, which is where a training writes."""
    parts = [part for part in path.relative_to(folder).parts if part != POLICY]
    return " ".join(parts) or Path(folder).name


def _of(text: str) -> Policy:
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"a policy must be written name=agent{{settings}}, or be a YAML file of them, got {text!r}")
    try:
        settings = yaml.safe_load(found["settings"] or "{}")
    except yaml.YAMLError as error:
        raise ValueError(f"settings of policy {text!r} must be written {{name: value}}, got: {error}") from error
    return Policy((found["name"] or found["agent"]).strip(), found["agent"], settings)


def _of_file(path: str) -> list[Policy]:
    try:
        rows = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"policies must be a YAML file that can be read, got {path!r}: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError(f"{path} must hold a list of rows with a name and an agent, got {type(rows).__name__}")
    for row in rows:
        check_known(f"a policy in {path}", row, [one.name for one in fields(Policy)])
        if not {"name", "agent"} <= set(row):
            raise ValueError(f"a policy in {path} must have a name and an agent, got {sorted(row)}")
    return [Policy(**{**row, "tasks": tuple(row.get("tasks", ()))}) for row in rows]
