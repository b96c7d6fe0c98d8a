"""Tasks are named rows, imported when named; an outside task is "package.module:Class"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from wm_gym.choices import check_known, find_class
from wm_gym.envs.tasks.task import Task

TASKS: dict[str, str] = {
    "explore": "wm_gym.envs.tasks.explore:Explore",
    "point_goal": "wm_gym.envs.tasks.point_goal:PointGoal",
    "image_goal": "wm_gym.envs.tasks.image_goal:ImageGoal",
    "follow_path": "wm_gym.envs.tasks.follow_path:FollowPath",
    "find_object": "wm_gym.envs.tasks.find_object:FindObject",
    "collect": "wm_gym.envs.tasks.collect:Collect",
    "avoid": "wm_gym.envs.tasks.avoid:Avoid",
    "event_response": "wm_gym.envs.tasks.event_response:EventResponse",
}
"""Name to "module:Class"."""

JOINT_TASKS: dict[str, str] = {
    "tag": "wm_gym.envs.tasks.tag:Tag",
    "meet": "wm_gym.envs.tasks.meet:Meet",
    "explore_together": "wm_gym.envs.tasks.explore_together:ExploreTogether",
    "follow": "wm_gym.envs.tasks.follow:Follow",
}
"""Name to "module:Class" of tasks that several bodies have together."""


def find_task(name: str, settings: Mapping[str, Any] | None = None) -> Task[Any]:
    """The task of that name.

    Args:
        name: A key of `TASKS` or `JOINT_TASKS`, or "package.module:Class" of a class that derives from `Task`.
        settings: Fields of the task that are to differ from their defaults.

    Raises:
        ValueError: If the name is unknown or names no task, or a setting is unknown or of the wrong kind.
    """
    rows = JOINT_TASKS if name in JOINT_TASKS else TASKS
    task_class, settings = find_class("task", name, rows), settings or {}
    if not (isinstance(task_class, type) and issubclass(task_class, Task)):
        raise ValueError(f"task {name!r} must name a class derived from wm_gym.envs.tasks.task.Task, got {task_class}")
    known = [field.name for field in fields(task_class)]
    check_known(f"settings of task {name!r}", settings, known)
    try:
        return task_class(**settings)
    except (TypeError, ValueError) as error:
        raise ValueError(f"settings of task {name!r}: {error}") from error
