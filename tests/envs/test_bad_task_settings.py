"""Bad settings of tasks are refused when an environment is made, with what must be and what came."""

import pytest

from wm_gym.envs.steering import check_steered_by_poses
from wm_gym.envs.tasks.registry import TASKS, find_task
from wm_gym.world_model import ModelSpec

NEAR = "near_metres must be from 0 and less than far_metres ({:g}), got {:g}"
ROWS = [
    ("image_goal", {"success_degrees": 0.0}, "success_degrees must be positive, got 0.0"),
    ("image_goal", {"near_metres": 12.0}, NEAR.format(10, 12)),
    ("follow_path", {"num_points": 0}, "num_points must be at least 1, got 0"),
    ("follow_path", {"lost_metres": -1.0}, "lost_metres must be positive, got -1.0"),
    ("follow_path", {"near_metres": -1.0}, NEAR.format(3, -1)),
    ("follow_path", {"shows_corners": 1}, "shows_corners must be True or False, got 1"),
    ("find_object", {"num_objects": 17}, "num_objects must be at most 16, got 17"),
    ("find_object", {"num_objects": 0}, "num_objects must be at least 1, got 0"),
    ("find_object", {"touch_metres": "near"}, "touch_metres must be a finite number, got 'near'"),
    ("collect", {"num_coins": 0}, "num_coins must be at least 1, got 0"),
    ("collect", {"num_coins": 2.5}, "num_coins must be an integer, got 2.5"),
    ("collect", {"far_metres": 1.0}, NEAR.format(1, 1.5)),
    ("avoid", {"num_walkers": -1}, "num_walkers must be at least 0, got -1"),
    ("avoid", {"keep_metres": 0.0}, "keep_metres must be positive, got 0.0"),
    ("event_response", {"event": "hail"}, "event must be one of ['fire', 'fog', 'rain'], got 'hail'"),
    ("event_response", {"first_onset": 30}, "last_onset must be at least first_onset (30), got 20"),
    ("event_response", {"deadline_steps": 2}, "deadline_steps must be at least hold_steps (3), got 2"),
]


@pytest.mark.parametrize(("name", "settings", "message"), ROWS)
def test_a_bad_setting_is_refused(name, settings, message):
    with pytest.raises(ValueError) as raised:
        find_task(name, settings)
    assert str(raised.value) == f"settings of task {name!r}: {message}"


@pytest.mark.parametrize("name", TASKS)
def test_every_row_is_a_task_with_a_description(name):
    assert find_task(name).description


def test_a_picture_needs_a_camera_that_can_be_placed():
    spec = ModelSpec("toy", 24, 32, 4, 17.5, steered_by="keys")
    with pytest.raises(ValueError) as raised:
        check_steered_by_poses(spec, "task 'image_goal'")
    assert str(raised.value) == "task 'image_goal' needs a backend that is steered by poses, got 'toy'"
