"""Tasks by name."""

from __future__ import annotations

from typing import Any

from wm_gym.choices import check_choice
from wm_gym.envs.tasks.explore import Explore
from wm_gym.envs.tasks.point_goal import PointGoal
from wm_gym.envs.tasks.task import Task

TASKS: dict[str, type[Explore] | type[PointGoal]] = {"explore": Explore, "point_goal": PointGoal}


def find_task(name: str) -> Task[Any]:
    """The task of that name, with its default settings.

    Raises:
        ValueError: If there is none.
    """
    check_choice("task", name, sorted(TASKS))
    return TASKS[name]()
