"""docs/tasks.md names every task, its id, its settings and their defaults."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

import wm_gym
from wm_gym.envs.registration import IDS
from wm_gym.envs.tasks.registry import find_task

PAGE = (Path(wm_gym.__file__).parent.parent / "docs" / "tasks.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| .+ \|$", re.MULTILINE)


@pytest.mark.parametrize("env_id", IDS)
def test_a_task_is_told_as_it_is(env_id):
    task = find_task(IDS[env_id])
    section = PAGE.split(f"\n## {type(task).__name__}\n")[1].split("\n## ")[0]
    assert f'`{env_id}`, `task="{IDS[env_id]}"`' in section
    told = dict(ROW.findall(section))
    assert {name: value.strip('"') for name, value in told.items()} == {
        field.name: str(getattr(task, field.name)) for field in fields(task)
    }
    for part in ("Reward", "Success", "Failure", "Goal"):
        assert f"- **{part}**" in section
