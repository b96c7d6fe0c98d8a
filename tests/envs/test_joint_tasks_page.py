"""docs/several_bodies.md names every joint task, its id, its settings and their defaults."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

import wm_gym
from wm_gym.envs.multi.making import IDS
from wm_gym.envs.tasks.registry import JOINT_TASKS, find_task

PAGE = (Path(wm_gym.__file__).parent.parent / "docs" / "several_bodies.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| .+ \|$", re.MULTILINE)


@pytest.mark.parametrize("name", JOINT_TASKS)
def test_a_joint_task_is_told_as_it_is(name):
    task = find_task(name)
    section = PAGE.split(f"\n### {type(task).__name__}\n")[1].split("\n### ")[0]
    assert f'`task="{name}"`' in section and f"| `{IDS[name]}` | `wm_gym.envs.multi.{name}_v0` |" in PAGE
    assert dict(ROW.findall(section)) == {field.name: str(getattr(task, field.name)) for field in fields(task)}
    for part in ("Reward", "Success", "Failure", "Goal"):
        assert f"- **{part}**" in section
