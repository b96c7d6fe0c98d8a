"""Episodes of others become clips, and clips go out and come back as they were."""

import json
from dataclasses import replace

import av
import numpy as np
import pytest
from wall_clip import STEPS, wall_clip, write_recordings

from wm_gym.cli import main
from wm_gym.scenes.captures import load_capture
from wm_gym.train_world.data.environments.config import SourceConfig
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.exchange.episodes import Episode, clips_of, twists_of
from wm_gym.train_world.exchange.frame_table import frame_table
from wm_gym.train_world.exchange.lerobot_format import RGB, Statistics, features_of

SPEC = wall_clip(0).spec
OURS = SourceConfig(intrinsics=[float(one) for one in wall_clip(0).intrinsics])


def episode_of(clip, number=3):
    table = frame_table(clip)
    return Episode(number, table.frames, table.depth, table.state, None, table.action, table.texts)


def turning(clip):
    """The clip with the keys that its body turns by."""
    rng = np.random.default_rng(0)
    return replace(clip, twists=rng.uniform(-1, 1, (STEPS, 4)).astype(np.float32))


def test_an_episode_is_cut_into_clips_that_follow_one_another():
    clip = turning(wall_clip(0))
    first, second, third = clips_of(episode_of(clip), OURS, SPEC, steps=2)
    assert np.array_equal(np.concatenate([first.frames, second.frames[1:], third.frames[1:]]), clip.frames)
    assert np.allclose(np.concatenate([first.twists, second.twists, third.twists]), clip.twists, atol=1e-6)
    assert np.allclose(first.world_from_camera, clip.world_from_camera[:9], atol=1e-5)
    assert np.allclose(second.world_from_camera[0], clip.world_from_camera[0], atol=1e-6), "each opens its own world"
    assert np.array_equal(first.depth, clip.depth[:9]) and first.place.seed == 3 and first.prompts == ("A wall.",) * 2


def test_what_is_left_at_the_end_of_an_episode_is_left_out():
    assert len(list(clips_of(episode_of(wall_clip(0)), OURS, SPEC, steps=4))) == 1
    assert not list(clips_of(episode_of(wall_clip(0)), OURS, SPEC, steps=STEPS + 1))


@pytest.mark.parametrize(
    ("actions", "given", "twists"),
    [
        ({}, [[0.5, 0, -1, 0]], [[0.5, 0, -1, 0]]),
        ({"W": 2, "J": 0, "noop": 1}, [2, 0, 1], [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]),
        ({"WL": [1, 1]}, [[1, 1]], [[1, 0, -1, 0]]),
        ({"forward": [0.3, 0.0], "yaw": [0.0, -2.0]}, [[0.15, 2.0]], [[0.5, 0, -1, 0]]),
        ({"forward": [1.0, 1.0], "yaw": [-1.0, 1.0]}, [[0.0, 1.0]], [[0.5, 0, 0.5, 0]]),
    ],
)
def test_actions_become_twists(actions, given, twists):
    assert np.allclose(twists_of(np.array(given), SourceConfig(actions=actions)), twists)


@pytest.mark.parametrize(
    ("actions", "given", "message"),
    [
        ({}, [[0.5, 0]], "source.actions must say what actions mean that are not forward, left, yaw and pitch "
         "themselves, got none for actions of 2 numbers"),
        ({"forward": [1.0]}, [[3.0]], "source.actions must be those of full speed, got an action of 3 times that"),
        ({"forward": [1.0, 0]}, [[3.0]], "source.actions must be vectors of 1 numbers, got (1, 2)"),
        ({"W": 0}, [0, 5], "source.actions must hold every action of the data set, got [5.0] in it"),
    ],
)  # fmt: skip
def test_actions_that_mean_nothing_are_refused(actions, given, message):
    with pytest.raises(ValueError) as refused:
        twists_of(np.array(given), SourceConfig(actions=actions))
    assert str(refused.value) == message


def test_statistics_over_parts_are_those_of_the_whole():
    rows = np.random.default_rng(0).normal(size=(30, 3))
    statistics = Statistics()
    for part in (rows[:7], rows[7:]):
        statistics.add("state", part)
    told = statistics.told()["state"]
    assert told["count"] == [30] and np.allclose(told["std"], rows.std(0)) and np.allclose(told["max"], rows.max(0))
    statistics.add(RGB, np.full((2, 4, 4, 3), 51, np.uint8))
    assert np.allclose(statistics.told()[RGB]["mean"], np.full((3, 1, 1), 0.2))


def test_every_column_of_ours_is_described():
    assert {"observation.state", "action", "timestamp", "index"} <= features_of(4, 6, 10.0).keys()


def refused(capsys, *words):
    assert main(list(words)) == 2
    return capsys.readouterr().err.strip()


def test_folders_that_are_none_or_taken_are_refused(tmp_path, capsys):
    write_recordings(tmp_path / "clips")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/file").touch()
    words = ["export-recordings", f"from={tmp_path / 'clips'}", f"output={tmp_path / 'taken'}"]
    assert refused(capsys, *words).endswith("taken', which holds files")
    error = refused(capsys, "import-recordings", f"from={tmp_path / 'clips'}", f"output={tmp_path / 'new'}")
    assert error.startswith(
        "wm-gym import-recordings: from must be a folder of LeRobot (meta/info.json) or of Minari (dat"
    )
    (tmp_path / "old/meta").mkdir(parents=True)
    (tmp_path / "old/meta/info.json").write_text(json.dumps({"codebase_version": "v2.1"}))
    error = refused(capsys, "import-recordings", f"from={tmp_path / 'old'}", f"output={tmp_path / 'new'}")
    assert (
        error.endswith("old must be a LeRobot data set of version v3.0, got v2.1") and not (tmp_path / "new").exists()
    )


READ = ["source.rgb=observation.images.rgb", "source.depth=observation.depth", "source.pose=observation.state"]
SIZE = ["height=16", "width=24", f"steps={STEPS}", f"source.intrinsics={OURS.intrinsics}".replace(" ", "")]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["lerobot", "minari"])
def test_recordings_go_out_and_come_back(what, tmp_path, capsys):
    pytest.importorskip({"lerobot": "pyarrow", "minari": "minari"}[what])
    write_recordings(tmp_path / "clips", clips=3)
    assert main(["export-recordings", f"what={what}", f"from={tmp_path / 'clips'}", f"output={tmp_path / 'out'}"]) == 0
    folder = tmp_path / "out" if what == "lerobot" else tmp_path / "out/wm_gym/recordings-v0"
    names = READ if what == "lerobot" else ["source.rgb=rgb", "source.depth=depth", "source.pose=pose"]
    words = ["import-recordings", f"from={folder}", f"output={tmp_path / 'back'}", *names, *SIZE]
    assert main(words) == 0, capsys.readouterr().err
    back, clips = Recordings(tmp_path / "back"), Recordings(tmp_path / "clips")
    back.verify()
    assert len(back) == 3 and back.spec.fps == 17.5
    for index in range(3):
        came, was = back.clip(index), clips.clip(index)
        lossy = what == "lerobot"
        grey = [one.frames.mean(-1).ravel() for one in (came, was)]
        assert np.corrcoef(*grey)[0, 1] > 0.5 if lossy else np.array_equal(came.frames, was.frames), "noise in a film"
        assert np.array_equal(came.depth, was.depth)
        assert np.allclose(came.world_from_camera, was.world_from_camera, atol=1e-5)
        assert np.allclose(came.twists, was.twists) and came.place.seed == index
        assert came.prompts == (was.prompts if lossy else ("",) * STEPS)


@pytest.mark.slow
def test_a_world_opens_on_an_episode_of_lerobot(tmp_path, capsys):
    pytest.importorskip("pyarrow")
    write_recordings(tmp_path / "clips", clips=2)
    assert main(["export-recordings", f"from={tmp_path / 'clips'}", f"output={tmp_path / 'out'}"]) == 0
    assert main(["import-recordings", f"from={tmp_path / 'out'}", f"output={tmp_path / 'back'}", *READ, *SIZE]) == 0
    argv = ["capture", f"from={tmp_path / 'back'}", f"output={tmp_path / 'world.npz'}", "log.clip=1", *SIZE[:2]]
    assert main(argv) == 0, capsys.readouterr().err
    opening, clip = load_capture(tmp_path / "world.npz", 16, 24), wall_clip(1)
    assert opening.capture is not None
    known = opening.capture.depth[0] > 0
    assert known.float().mean() > 0.5 and float(opening.capture.depth[0][known].median()) == pytest.approx(
        float(np.median(clip.depth[0])), rel=0.1
    )


@pytest.mark.slow
def test_lerobot_reads_what_is_exported(tmp_path):
    datasets = pytest.importorskip("lerobot.datasets.lerobot_dataset")
    write_recordings(tmp_path / "clips", clips=3)
    assert main(["export-recordings", f"from={tmp_path / 'clips'}", f"output={tmp_path / 'out'}"]) == 0
    data = datasets.LeRobotDataset("wm_gym/clips", root=tmp_path / "out", video_backend="pyav")
    clip = wall_clip(1)
    assert data.num_episodes == 3 and len(data) == 3 * len(clip.frames)
    assert data.meta.tasks.index.tolist() == ["A wall."] and data.fps == 17.5
    row = data.hf_dataset[len(clip.frames) + 5]
    assert int(row["episode_index"]) == 1 and int(row["frame_index"]) == 5
    assert np.allclose(row["observation.state"], clip.body_poses[5], atol=1e-6)
    assert np.allclose(row["observation.depth"], clip.depth[5])
    with av.open(str(data.root / data.meta.get_video_file_path(1, RGB))) as film:
        assert len(list(film.decode(video=0))) == data.meta.episodes[1]["length"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("videos/observation.images.rgb/chunk-000/file-001.mp4", "must show the 25 frames of episode 1, got 0"),
        ("data/chunk-000/file-001.parquet", "must be a table that can be read whole, got"),
        ("meta/episodes/chunk-000/file-000.parquet", "must be a table that can be read whole, got"),
    ],
)
def test_a_truncated_file_is_refused_and_nothing_is_left(damage, message, tmp_path, capsys):
    pytest.importorskip("pyarrow")
    write_recordings(tmp_path / "clips", clips=2)
    assert main(["export-recordings", f"from={tmp_path / 'clips'}", f"output={tmp_path / 'out'}"]) == 0
    path = tmp_path / "out" / damage
    path.write_bytes(path.read_bytes()[:700])
    capsys.readouterr()
    error = refused(
        capsys, "import-recordings", f"from={tmp_path / 'out'}", f"output={tmp_path / 'back'}", *READ, *SIZE
    )
    assert message in error.splitlines()[-1] and sorted(one.name for one in tmp_path.iterdir()) == ["clips", "out"]


@pytest.mark.slow
def test_columns_that_are_not_there_are_refused(tmp_path, capsys):
    pytest.importorskip("pyarrow")
    write_recordings(tmp_path / "clips", clips=1)
    assert main(["export-recordings", f"from={tmp_path / 'clips'}", f"output={tmp_path / 'out'}"]) == 0
    capsys.readouterr()
    words = ["import-recordings", f"from={tmp_path / 'out'}", f"output={tmp_path / 'back'}", *SIZE]
    error = refused(capsys, *words, "source.rgb=observation.image.rgb").splitlines()[-1]
    assert error.endswith("got 'observation.image.rgb'; did you mean 'observation.images.rgb'?")
    error = refused(capsys, *words, READ[0], "steps=99").splitlines()[-1]
    assert error.endswith("for clips of 99 steps, got at most 25; a smaller steps= asks for less")
