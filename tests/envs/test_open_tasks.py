"""Any class derived from `Task` is a task: the page that adds one, failure, info of its own, snapshots and replays."""

import re
from dataclasses import dataclass
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import wm_gym
from wm_gym.envs.replay.format import Replay
from wm_gym.envs.replay.recorder import RecordReplay
from wm_gym.envs.replay.verification import verify
from wm_gym.envs.tasks.task import StepResult, Task

PAGE = Path(wm_gym.__file__).parent.parent / "docs" / "add_a_task.md"
BLOCKS = re.findall(r"^```python[^\n]*\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
SMALL = {"backend": "memory_only", "world": "city/29", "resolution": (24, 32), "obs_mode": "rgb+pose", "finer": 1}


@dataclass(frozen=True)
class Seen:
    steps: int = 0
    cells: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Talkative(Task[Seen]):
    """Tells whatever it is asked to."""

    name: str = "steps"
    changes: bool = False

    def reset(self, outcome, waypoints, rng):
        return Seen()

    def update(self, state, outcome):
        return Seen(state.steps + 1, (*state.cells, (state.steps, -1))), StepResult(0.0)

    def info(self, state):
        told = np.zeros(state.steps + 1) if self.changes else state.steps
        return {self.name: {} if self.name == "dict" else told}


@pytest.fixture
def stroll(tmp_path, monkeypatch):
    (tmp_path / "stroll.py").write_text(BLOCKS[0])
    monkeypatch.syspath_prepend(tmp_path)
    yield "stroll:Stroll"


def make(task, maker=gym.make, **settings):
    checks = {"disable_env_checker": True} if maker is gym.make else {}
    return maker("wm_gym/Explore-v0", task=task, **SMALL, **checks, **settings)


def test_the_page_runs_and_its_task_is_about_25_lines(stroll):
    names = {}
    exec(compile(BLOCKS[1], str(PAGE), "exec"), names)
    assert names["info"]["metres"] == pytest.approx(0.5) and names["reward"] == pytest.approx(0.5)
    names["env"].close()
    assert len([line for line in BLOCKS[0].splitlines() if line.strip()]) <= 25


def test_gymnasium_finds_nothing_to_warn_of(stroll, recwarn, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = make(stroll)
    check_env(env.unwrapped)
    assert not [str(one.message) for one in recwarn]
    env.close()


def test_an_episode_ends_by_success_or_failure(stroll):
    near = make(stroll, task_settings={"target_metres": 1.0})
    near.reset(seed=0)
    first, second = near.step(1), near.step(1)
    assert not first[2] and not first[-1]["is_success"] and second[2] and second[-1]["is_success"]
    far = make(stroll, task_settings={"target_metres": 1e6})
    far.reset(seed=0)
    for _ in range(60):
        *_, terminated, _, info = far.step(2)
        if terminated:
            break
    assert terminated and not info["is_success"] and far.unwrapped.now.is_failure
    near.close()
    far.close()


def test_batches_end_by_failure_and_stack_the_tasks_info(stroll):
    envs = make(stroll, gym.make_vec, num_envs=2, task_settings={"target_metres": 1e6})
    envs.reset(seed=0)
    ends = [envs.step([2, 0])[2].tolist() for _ in range(20)]
    first = ends.index([True, False])
    envs.reset(seed=0)
    for _ in range(first + 1):
        envs.step([2, 0])
    *_, infos = envs.step([2, 0])
    assert infos["metres"].tolist() == [0.0, 0.0] and infos["_metres"].all()
    envs.close()


def test_a_step_is_not_both_success_and_failure():
    with pytest.raises(ValueError, match="a step must not be a success and a failure at once, got both"):
        StepResult(0.0, is_success=True, is_failure=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "trust"}, "info of a task must have names of its own, got 'trust'"),
        ({"name": "dict"}, "info of a task must be numbers, bools or arrays of them, got {} for 'dict'"),
        (
            {"changes": True},
            "info of a task must keep its names, shapes and types {'steps': ((1,), dtype('float64'))}, "
            "got {'steps': ((2,), dtype('float64'))}",
        ),
    ],
)
def test_bad_infos_of_a_task_are_refused(settings, message):
    env = make(f"{__name__}:Talkative", task_settings=settings)
    with pytest.raises(ValueError) as raised:
        env.reset(seed=0)
        env.step(0)
    assert str(raised.value) == message
    env.close()


def test_a_tasks_state_goes_with_snapshots_and_forks():
    name = f"{__name__}:Talkative"
    env, envs = make(name), make(name, gym.make_vec, num_envs=2)
    env.reset(seed=0)
    env.step(0)
    envs.reset(seed=0)
    envs.set_state([env.unwrapped.state_to_bytes(env.unwrapped.get_state())], [1])
    envs.fork(1, [0])
    assert [one.now.task for one in envs.sub_envs] == [Seen(1, ((0, -1),))] * 2
    env.close()
    envs.close()


def test_a_replay_carries_the_task_and_its_settings(stroll, tmp_path):
    env = RecordReplay(make(stroll, task_settings={"target_metres": 3.0}), snapshot_every=2)
    env.reset(seed=0)
    for _ in range(3):
        env.step(1)
    env.save_replay(tmp_path / "stroll.replay")
    env.close()
    replay = Replay.load(tmp_path / "stroll.replay")
    assert replay.settings["task"] == stroll and replay.settings["task_settings"] == {"target_metres": 3.0}
    assert verify(replay, 3).describe().endswith("every byte is equal")


def test_a_task_without_its_methods_says_what_they_must_be():
    with pytest.raises(NotImplementedError, match=r"Task.reset\(outcome, waypoints, rng\) must give a task state"):
        Task().reset(None, None, None)
