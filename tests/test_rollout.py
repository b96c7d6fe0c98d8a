import csv
import json

import pytest

from wm_gym.cli import main
from wm_gym.envs.replay.format import Replay
from wm_gym.rollout import RolloutConfig


def rollout(path, *settings):
    size = ("height=24", "width=32", "world=city/9")
    return main(["rollout", "backend=memory_only", "steps=6", "snapshot_every=4", f"output={path}", *size, *settings])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rollout") / "new"
    events = "events=[{at: 1, text: night falls, for: 3}]"
    assert rollout(folder, "seed=4", events) == 0
    return folder


def test_an_episode_is_kept_as_replay_film_way_and_tables(folder, capsys):
    assert {path.name for path in folder.iterdir()} == {
        "episode-000.mp4", "episode-000.png", "episode-000.replay", "episodes.csv", "episodes.json",
    }  # fmt: skip
    assert main(["replay", str(folder / "episode-000.replay"), "--verify", "--from", "5"]) == 0
    assert "steps 5 to 6, 8 frames: every byte is equal" in capsys.readouterr().out


def test_events_and_the_seed_are_in_the_replay(folder):
    replay = Replay.load(folder / "episode-000.replay")
    assert replay.options == {"events": [{"at": 1, "text": "night falls", "for": 3}], "world": "city/9"}
    assert replay.seed == 4 and replay.actions.shape == (6, 4)


def test_tables_agree(folder):
    told = json.loads((folder / "episodes.json").read_text())
    rows = list(csv.DictReader((folder / "episodes.csv").open()))
    assert told["settings"]["seed"] == 4 and told["figures"]["episodes"] == len(rows) == 1
    assert rows[0]["world"] == "city/9" and int(rows[0]["steps"]) == told["episodes"][0]["steps"] == 6
    assert float(rows[0]["return"]) == told["figures"]["return"]


@pytest.mark.parametrize("agent", ["random", "wall_turner", "goal_walker"])
def test_agents_play_episodes_in_several_worlds_at_once(tmp_path, agent):
    settings = (f"agent={agent}", "task=point_goal", "episodes=3", "num_envs=2", "films=0", "prompt=a hall")
    assert rollout(tmp_path / "out", *settings) == 0
    told = json.loads((tmp_path / "out" / "episodes.json").read_text())
    assert [row["seed"] for row in told["episodes"]] == [0, 1, 2]
    assert 0 <= told["figures"]["success_low"] <= told["figures"]["success"] <= told["figures"]["success_high"] <= 1


def test_a_replay_that_differs_ends_with_status_one(folder, tmp_path, capsys):
    replay = Replay.load(folder / "episode-000.replay")
    replay.actions[2] *= -1
    replay.save(tmp_path / "other.replay")
    assert main(["replay", str(tmp_path / "other.replay"), "--verify"]) == 1
    assert "every byte must be equal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"episodes": 0}, "episodes must be at least 1, got 0"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"films": -1}, "films must be at least 0, got -1"),
        ({"episodes": 2, "num_envs": 3}, "num_envs must be at most episodes, 2, got 3"),
        ({"height": 48}, "height and width must be given together, got 48 and 0"),
        (
            {"agent_settings": {"steps_oot": 3}},
            "settings of agent 'explorer' must be among ['steps_out'], got 'steps_oot'; did you mean 'steps_out'?",
        ),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError) as raised:
        RolloutConfig(**settings)
    assert str(raised.value) == message


def test_unknown_agents_and_tasks_are_refused_in_one_line(tmp_path, capsys):
    assert rollout(tmp_path / "x", "agent=explorr") == 2
    assert capsys.readouterr().err.rstrip().endswith("got 'explorr'; did you mean 'explorer'?")
    assert rollout(tmp_path / "x", "task=explor") == 2
    assert capsys.readouterr().err.rstrip().endswith("got 'explor'; did you mean 'explore'?")
    assert rollout(tmp_path / "x", "task=point_goal", "task_settings={succes_metres: 1}") == 2
    assert "did you mean 'success_metres'?" in capsys.readouterr().err
    assert rollout(tmp_path / "x", "events=[{at: 1, text: ' '}]") == 2
    assert capsys.readouterr().err.count("wm-gym rollout: ") == 1


def test_bad_files_and_steps_of_replays_are_refused_in_one_line(folder, tmp_path, capsys):
    assert main(["replay", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith("wm-gym replay: a replay must be a file that can be read, got ")
    assert main(["replay", str(folder / "episode-000.replay"), "--verify", "--from", "7"]) == 2
    assert capsys.readouterr().err == "wm-gym replay: a step of this replay must be from 0 to 6, got 7\n"


def test_a_rollout_carries_its_task_and_body(tmp_path):
    settings = ("task=point_goal", "task_settings={success_metres: 0.1}", "body={walk_metres_per_second: 1.0}")
    assert rollout(tmp_path / "out", *settings) == 0
    made = Replay.load(tmp_path / "out" / "episode-000.replay").settings
    assert made["task"] == "point_goal" and made["task_settings"] == {"success_metres": 0.1}
    assert made["body"] == {"walk_metres_per_second": 1.0}
    assert main(["replay", str(tmp_path / "out" / "episode-000.replay"), "--verify"]) == 0
