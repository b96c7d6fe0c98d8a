"""What data sets of others may not hold, and what is said of it; nothing is half written."""

from dataclasses import replace

import numpy as np
import pytest
from test_exchange import OURS, SPEC, episode_of
from toy_room import FOCAL, HEIGHT, WIDTH, draw
from wall_clip import wall_clip, write_recordings

from wm_gym.geometry.motion import camera_pose
from wm_gym.train_world.data.environments.config import SourceConfig
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.exchange.episodes import Episode, clips_of

EPISODE = episode_of(wall_clip(0))
NAN = np.where(np.arange(24) < 12, np.nan, EPISODE.depths)
ROLLED = np.tile([0.0, 0, 0, np.sin(0.4), 0, 0, np.cos(0.4)], (25, 1))


@pytest.mark.parametrize(
    ("changes", "source", "message"),
    [
        (
            {"depths": NAN},
            {},
            "source.depth must be at least 0 everywhere (0 unknown, infinity sky), got 50% NaN and 0%",
        ),
        ({"depths": EPISODE.depths * 1000}, {}, "depth must be known and below 100 m somewhere, got none with 1 units"),
        (
            {"depths": EPISODE.depths / 1000},
            {},
            "depth must have a median of 0.1 to 60 m, got 0.002 m with 1 units to a",
        ),
        (
            {"depths": EPISODE.depths[:, 1:]},
            {},
            "source.depth must be numbers of shape (16, 24), as the picture, got (15",
        ),
        ({"frames": EPISODE.frames[..., 0]}, {}, "source.rgb must be a picture (H, W, 3) uint8, got (16, 24) uint8"),
        (
            {"actions": EPISODE.actions[:5]},
            {},
            "episode 3 must have an action after each frame but the last, got 5 act",
        ),
        ({"poses": EPISODE.poses * np.nan}, {}, "source.pose must be 3, 4 or 5 numbers"),
        ({"poses": ROLLED}, {"pose_is": "quaternion"}, "the camera must open without roll, got "),
        (
            {"moving": EPISODE.depths},
            {},
            "source.moving must be a mask of shape (16, 24), as the picture, got (16, 24) f",
        ),
        (
            {},
            {"intrinsics": [9.0, 9.0, 99.0, 8.0]},
            "intrinsics must have their principal point inside of 16 x 24 pixels",
        ),
    ],
)
def test_what_an_episode_may_not_hold_is_refused(changes, source, message):
    with pytest.raises(ValueError) as refused:
        list(clips_of(replace(EPISODE, **changes), replace(OURS, **source), SPEC, steps=6))
    assert str(refused.value).startswith(message)


def walked(depth_factor=1.0):
    """A walk past the walls of a drawn room."""
    poses = np.array([[0.12 * k, 0.0, 1.6, 0.6, -0.2] for k in range(25)])
    shown = [draw(camera_pose(pose)) for pose in poses]
    frames, depths = (np.stack([one[k] for one in shown]) for k in range(2))
    return Episode(0, frames, depths * depth_factor, poses, None, np.zeros((25, 4)), ("",) * 25)


def test_depth_that_poses_contradict_is_refused():
    source = SourceConfig(pose="pose", intrinsics=[FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2])
    spec = RecordingSpec("room", HEIGHT, WIDTH, 1, 4, 1, 17.5, 100.0)
    assert len(list(clips_of(walked(), source, spec, 6, agrees=True))) == 1
    with pytest.raises(ValueError, match=r"^poses, depth and intrinsics must agree in at least 50% of what frames see"):
        list(clips_of(walked(0.2), source, spec, 6, agrees=True))


def test_an_episode_of_two_frames_gives_no_clip():
    two = replace(EPISODE, frames=EPISODE.frames[:2], actions=EPISODE.actions[:1])
    assert not list(clips_of(two, OURS, SPEC, steps=1))


def test_a_manifest_that_names_files_outside_is_refused(tmp_path):
    folder = write_recordings(tmp_path / "clips")
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"shard-00000.npz"', '"../shard-00000.npz"'))
    with pytest.raises(ValueError, match=r"must name shards inside of its folder, got '\.\./shard-00000.npz'$"):
        Recordings(folder)
