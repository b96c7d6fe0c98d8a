"""Environments of others become recordings: whatever way they tell their pictures, depth, poses and actions."""

import json
from dataclasses import asdict, replace

import gymnasium as gym
import numpy as np
import pytest
import toy_room
from toy_room import ACTIONS, FOV, HEIGHT, WIDTH, ToyRoom, draw

from wm_gym.cli import main
from wm_gym.files.hashing import sha256_of
from wm_gym.geometry.motion import KEYS, camera_pose
from wm_gym.train_world.data.capture_scene import CaptureConfig, capture
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.environments.actions import Acts
from wm_gym.train_world.data.environments.config import EnvironmentConfig
from wm_gym.train_world.data.environments.recording import EnvironmentRecorder, make_environment
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.data.samples import prepare
from wm_gym.train_world.data.shards import write_manifest, write_shard

STEPS, ID = 8, "toy_room:ToyRoom-v0"
SOURCE = EnvironmentConfig(
    rgb="observation.seen.rgb", depth="observation.seen.depth", pose="env.of_body", fov_degrees=FOV, actions=ACTIONS,
    prompt="A tiled room.",
)  # fmt: skip


def recorded(source, index=0, steps=STEPS, env=None, height=HEIGHT, width=WIDTH):
    config = CollectConfig(env=ID, source=source, steps=steps, height=height, width=width, num_clips=2)
    env = make_environment(ID, source) if env is None else env
    return EnvironmentRecorder(ID, env, source, config.spec, "train", 0).record(index, steps)


@pytest.fixture(scope="module")
def clip():
    return recorded(SOURCE)


def test_a_clip_shows_what_its_poses_see(clip):
    assert clip.frames.shape == (1 + 4 * STEPS, HEIGHT, WIDTH, 3) and clip.keys.shape == (STEPS, 8)
    env = ToyRoom()
    env.reset(seed=0)
    first = camera_pose(env.pose)
    level = camera_pose(np.array([*env.pose[:4], 0.0]))
    for frame in (0, 9, 32):
        own = level @ np.linalg.inv(clip.world_from_camera[0]) @ clip.world_from_camera[frame]
        colour, depth = draw(own)
        assert np.mean(colour != clip.frames[frame]) < 0.02, "but at edges, by rounding"
        assert np.allclose(depth, clip.depth[frame], rtol=0.01)
    assert np.allclose(first, level)
    assert np.allclose(camera_pose(clip.body_poses), clip.world_from_camera, atol=1e-5)
    assert np.allclose(clip.world_from_camera[0], camera_pose(np.zeros(5)), atol=1e-6)


def test_a_body_walks_ahead_and_turns_from_walls(clip):
    held = {"".join(np.array(KEYS)[row]) for row in clip.keys}
    assert "W" in held and held <= {"W", "S", "J", "L", ""}
    assert clip.captions.scene == "A tiled room." and clip.captions.temporal
    assert clip.prompts == ("A tiled room.",) * STEPS


@pytest.mark.parametrize(
    "told",
    [
        {"pose": "env.of_body_y_up", "up": "y"},
        {"pose": "env.of_camera", "pose_is": "camera"},
        {"pose": "env.of_camera_opengl_y_up", "pose_is": "camera_opengl", "up": "y"},
        {"pose": "env.quaternion", "pose_is": "quaternion"},
        {"pose": "env.quaternion_y_up", "pose_is": "quaternion", "up": "y"},
        {"pose": "toy_room:flat_pose"},
        {"depth": "info.metres", "rgb": "render"},
        {"depth": "toy_room:ranges", "depth_is_range": True},
        {"depth": "toy_room:millimetres", "depth_units_per_metre": 1000.0},
    ],
    ids=str,
)
def test_every_way_of_telling_gives_the_same_clip(told, clip, monkeypatch):
    rows, columns = np.indices((HEIGHT, WIDTH)) + 0.5
    along = np.sqrt(1 + ((columns - WIDTH / 2) ** 2 + (rows - HEIGHT / 2) ** 2) / toy_room.FOCAL**2)
    metres = lambda env: draw(camera_pose(env.pose))[1]  # noqa: E731
    monkeypatch.setattr(toy_room, "ranges", lambda env: metres(env) * along, raising=False)
    monkeypatch.setattr(toy_room, "millimetres", lambda env: np.rint(1000 * metres(env)).astype(int), raising=False)
    other = recorded(replace(SOURCE, **told))
    assert np.array_equal(other.frames, clip.frames) and np.array_equal(other.keys, clip.keys)
    assert np.allclose(other.world_from_camera, clip.world_from_camera, atol=1e-5)
    assert np.allclose(other.depth, clip.depth, rtol=2e-3)


def test_without_poses_they_are_reckoned_and_without_depth_it_is_flat_ground():
    clip = recorded(replace(SOURCE, pose="", depth=""))
    assert np.allclose(clip.body_poses[0], 0) and np.abs(clip.body_poses[:, [0, 3]]).max() > 0.05
    assert clip.depth[0].min() > 1.6 and clip.depth.max() == 9.0


def test_equal_numbers_give_equal_clips_and_others_do_not(clip):
    assert np.array_equal(recorded(SOURCE).frames, clip.frames)
    assert not np.array_equal(recorded(SOURCE, index=1).frames, clip.frames)


def test_an_episode_that_ends_early_is_tried_again_and_then_refused():
    source = replace(SOURCE, settings={"lasts": 4 * STEPS})
    assert len(recorded(source).frames) == 1 + 4 * STEPS, "it may end with the last frame"
    with pytest.raises(
        ValueError, match=r"^an episode of .* must last for 32 actions, got at most 5 in 20 episodes; a"
    ):
        recorded(replace(source, settings={"lasts": 5}))


def test_recordings_of_an_environment_are_read_prepared_and_opened(clip, tmp_path):
    config = CollectConfig(env=ID, source=SOURCE, steps=STEPS, height=HEIGHT, width=WIDTH, num_clips=1)
    manifest = config.manifest()
    path = write_shard(tmp_path, 0, [clip])
    manifest["shards"] = [{"name": path.name, "clips": 1, "sha256": sha256_of(path)}]
    write_manifest(tmp_path, json.loads(json.dumps(manifest)))
    again = Recordings(tmp_path).clip(0)
    assert again.place == clip.place and again.spec.name == ID
    assert prepare(again, 0).num_steps == STEPS
    capture(CaptureConfig(from_=str(tmp_path), output=str(tmp_path / "room.npz"), height=24, width=32))
    env = gym.make(
        "wm_gym/Explore-v0", backend="memory_only", world=str(tmp_path / "room.npz"), resolution=(24, 32), finer=1
    )
    observation, _ = env.reset(seed=0)
    assert (observation["depth"] > 0).mean() > 0.9
    env.close()


def test_settings_go_to_recorders_and_back():
    config = CollectConfig(env=ID, source=SOURCE)
    assert CollectConfig.from_json(json.loads(json.dumps(asdict(config)))) == config
    assert "families" not in config.settings() and "source" not in CollectConfig().settings()


def test_a_box_is_moved_by_the_vectors_of_its_twist():
    space = gym.spaces.Box(-1, 1, (2,), np.float32)
    acts = Acts({"forward": [1.0, 0.0], "yaw": [0.0, 0.5]}, space).acts
    assert set(acts) == {"noop", "W", "S", "J", "L", "WJ", "WL", "SJ", "SL"}
    assert acts["WL"].action.tolist() == [1.0, -0.5] and acts["noop"].action.tolist() == [0.0, 0.0]


@pytest.mark.slow
def test_the_command_records_and_resumes(tmp_path, monkeypatch, capfd):
    words = [
        "collect", f"env={ID}", f"output={tmp_path}", "height=24", "width=32", "steps=4", "clips_per_shard=1",
        "workers=1",
        "source.rgb=observation.seen.rgb", "source.depth=observation.seen.depth", "source.pose=env.of_body",
        f"source.fov_degrees={FOV}", "source.actions={W: 0, S: 1, J: 2, L: 3, noop: 4}",
    ]  # fmt: skip
    assert main([*words, "num_clips=1"]) == 0
    before = sha256_of(tmp_path / "shard-00000.npz")
    assert main([*words, "num_clips=2"]) == 0
    assert sha256_of(tmp_path / "shard-00000.npz") == before and len(Recordings(tmp_path)) == 2
    assert main([*words, "num_clips=2", "source.pose="]) == 2
    assert "source must stay {" in capfd.readouterr().err


@pytest.mark.slow
def test_what_cannot_be_recorded_leaves_nothing(tmp_path, capfd):
    output = tmp_path / "clips"
    words = ["collect", f"env={ID}", f"output={output}", "height=24", "width=32", "steps=2", "workers=1"]
    assert main([*words, "source.actions={W: 77}"]) == 2
    assert "source.actions.W must be an action of Discrete(5), got 77" in capfd.readouterr().err
    assert not output.exists()
