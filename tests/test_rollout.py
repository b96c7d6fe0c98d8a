import pytest

from wm_gym.cli import main
from wm_gym.envs.replay.format import Replay
from wm_gym.rollout import RolloutConfig


def rollout(path, *settings):
    return main(["rollout", "backend=memory_only", "steps=6", "snapshot_every=4", f"output={path}", *settings])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("rollout") / "run.replay"
    events = "events=[{at: 1, text: night falls, for: 3}]"
    assert rollout(path, "seed=4", events) == 0
    return path


def test_a_walk_is_recorded_and_generated_again(path, capsys):
    assert main(["replay", str(path), "--verify", "--from", "5"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == (
        f"{path}: 6 steps of wm_gym/Explore-v0 by memory_only 48x64, seed 4, world by the seed, snapshots after [4]"
    )
    assert out[1] == "steps 5 to 6, 8 frames: every byte is equal"


def test_events_and_the_seed_are_in_the_file(path):
    replay = Replay.load(path)
    assert replay.options == {"events": [{"at": 1, "text": "night falls", "for": 3}]} and replay.seed == 4
    assert replay.actions.shape == (6, 4)


def test_the_frames_can_be_watched_without_generating_them(path, tmp_path, capsys):
    assert main(["replay", str(path), "--film", str(tmp_path / "run.mp4")]) == 0
    assert (tmp_path / "run.mp4").stat().st_size > 1000 and "run.mp4 holds the film" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["discrete", "keys", "twist"])
def test_random_walks_take_any_actions(tmp_path, mode):
    path = tmp_path / "new" / "run.replay"
    assert rollout(path, "policy=random", f"action_mode={mode}", "env_id=wm_gym/PointGoal-v0", "prompt=a hall") == 0
    assert main(["replay", str(path), "--verify"]) == 0


def test_a_replay_that_differs_ends_with_status_one(path, tmp_path, capsys):
    replay = Replay.load(path)
    replay.actions[2] *= -1
    replay.save(tmp_path / "other.replay")
    assert main(["replay", str(tmp_path / "other.replay"), "--verify"]) == 1
    assert "every byte must be equal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"env_id": "Explore"}, "env_id must be one of ['wm_gym/Explore-v0', 'wm_gym/PointGoal-v0'], got 'Explore'"),
        ({"policy": "drunk"}, "policy must be one of ['random', 'tour'], got 'drunk'"),
        ({"action_mode": "keys"}, "action_mode must be 'twist' for policy 'tour', got 'keys'"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError) as raised:
        RolloutConfig(**settings)
    assert str(raised.value) == message


def test_bad_files_and_steps_are_refused_in_one_line(path, tmp_path, capsys):
    assert main(["replay", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith("wm-gym replay: a replay must be a file that can be read, got ")
    assert main(["replay", str(path), "--verify", "--from", "7"]) == 2
    assert capsys.readouterr().err == "wm-gym replay: a step of this replay must be from 0 to 6, got 7\n"
    assert rollout(tmp_path / "run.replay", "events=[{at: 1, text: ' '}]") == 2
    assert not (tmp_path / "run.replay").exists() and capsys.readouterr().err.count("wm-gym rollout: ") == 1


def test_a_rollout_carries_its_task_and_body(tmp_path, capsys):
    settings = ("task=point_goal", "task_settings={success_metres: 0.1}", "body={walk_metres_per_second: 1.0}")
    assert rollout(tmp_path / "run.replay", "world=city/9", "height=24", "width=32", *settings) == 0
    made = Replay.load(tmp_path / "run.replay").settings
    assert made["task"] == "point_goal" and made["task_settings"] == {"success_metres": 0.1}
    assert made["body"] == {"walk_metres_per_second": 1.0}
    assert main(["replay", str(tmp_path / "run.replay"), "--verify"]) == 0
    assert rollout(tmp_path / "run.replay", "task=point_goal", "task_settings={succes_metres: 1}") == 2
    assert "did you mean 'success_metres'?" in capsys.readouterr().err
