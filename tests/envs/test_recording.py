"""Films of episodes: which frames are in which file, and what is left when something stops in the middle."""

import os
import subprocess
import sys

import av
import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from toy_worlds import MODES, ToyWorld, noops, toy_batch

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs import wrappers
from wm_gym.envs.wrappers.episode_videos import cubes


def _brightness(path):
    """Brightness of each frame over 10, which is its step in a toy world; colour is coded to within a few levels."""
    with av.open(str(path)) as container:
        return [round(frame.to_ndarray(format="rgb24").mean() / 10) for frame in container.decode(video=0)]


def _films(folder):
    return {path.name: _brightness(path) for path in sorted(folder.glob("*.mp4"))}


def _play(env, core, steps):
    for _ in range(core):
        env.reset()
        for _ in range(steps):
            env.step(0)


def test_a_film_holds_every_frame_of_its_episode(tmp_path):
    env = wrappers.RecordVideo(ToyWorld(3), str(tmp_path / "films"), lambda episode: episode == 1, name_prefix="walk")
    _play(env, 3, 3)
    env.close()
    assert _films(tmp_path / "films") == {"walk-episode-1.mp4": [0, 0, 1, 1, 2, 2, 3, 3]}
    with av.open(str(tmp_path / "films" / "walk-episode-1.mp4")) as container:
        assert container.streams.video[0].average_rate == 20


def test_films_of_a_length_begin_at_a_step_and_go_on_over_episodes(tmp_path):
    env = wrappers.RecordVideo(ToyWorld(2), str(tmp_path), step_trigger=lambda step: step == 1, video_length=3)
    _play(env, 3, 2)
    env.close()
    assert _films(tmp_path) == {"rl-video-step-1.mp4": [2, 2, 0, 0, 1, 1, 2, 2]}


def test_closing_ends_the_film_at_hand(tmp_path):
    env = wrappers.RecordVideo(ToyWorld(9), str(tmp_path))
    _play(env, 1, 1)
    assert list(tmp_path.glob("*.mp4")) == []
    env.close()
    env.close()
    assert _films(tmp_path) == {"rl-video-episode-0.mp4": [0, 0, 1, 1]}


def test_chunks_and_thought_are_filmed_whole(tmp_path):
    clock = iter([0.0, 0.25, 0.0]).__next__
    env = wrappers.RecordVideo(wrappers.RealTime(ToyWorld(9), clock=clock), str(tmp_path))
    _play(env, 1, 1)
    env.close()
    assert _films(tmp_path) == {"rl-video-episode-0.mp4": [0, 0, 1, 1, 2, 2, 3, 3]}


@pytest.mark.parametrize("output", ["numpy", "torch"])
@pytest.mark.parametrize("mode", MODES, ids=[mode.name for mode in MODES])
def test_each_of_many_worlds_has_films_of_its_own(tmp_path, mode, output):
    envs = toy_batch((2, 4), mode, output)
    envs = wrappers.VectorRecordVideo(envs, str(tmp_path), lambda episode: True, worlds=(0, 1))
    envs.reset()
    for _ in range(4):
        ended = np.asarray(envs.step(noops(envs))[2])
        if mode is AutoresetMode.DISABLED and ended.any():
            envs.reset(options={"reset_mask": ended})
    envs.close()
    films = _films(tmp_path)
    assert films["rl-video-world-0-episode-0.mp4"] == [0, 0, 1, 1, 2, 2]
    assert films["rl-video-world-0-episode-1.mp4"][:4] == [0, 0, 1, 1]
    assert films["rl-video-world-1-episode-0.mp4"] == [2, 2, 3, 3, 4, 4, 5, 5, 6, 6]


def test_worlds_are_filmed_at_full_rate(tmp_path):
    env = gym.make("wm_gym/Explore-v0", backend="memory_only", world="rooms/9", return_frames=True)
    env = wrappers.RecordVideo(env, str(tmp_path))
    shown = [env.reset(seed=1)[1]["frames"], *(env.step(action)[4]["frames"] for action in (1, 6, 1))]
    env.close()
    with av.open(str(tmp_path / "rl-video-episode-0.mp4")) as container:
        assert container.streams.video[0].average_rate == 17.5
        filmed = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    shown = np.concatenate(shown)
    assert filmed.shape == shown.shape
    assert np.abs(filmed.astype(float) - shown).mean() < 8.0


def test_what_has_no_frames_is_refused(tmp_path):
    env = gym.make("wm_gym/Explore-v0", backend="memory_only", world="rooms/9")
    with pytest.raises(ValueError, match=r"info must hold 'frames' to be filmed, which gym.make\(..., return_frames="):
        wrappers.RecordVideo(env, str(tmp_path)).reset()
    env.close()
    with pytest.raises(ValueError, match=r"fps must be given for an environment whose metadata has no 'video_fps'"):
        wrappers.RecordVideo(gym.make("CartPole-v1"), str(tmp_path))


def test_the_schedule_is_gymnasiums():
    assert [episode for episode in range(3001) if cubes(episode)] == [*(k**3 for k in range(10)), 1000, 2000, 3000]


DISK = """
import resource, signal, sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from toy_worlds import ToyWorld
from wm_gym.envs.wrappers import RecordVideo

class Noise(ToyWorld):
    def _shown(self):
        frames = np.random.default_rng(self.k).integers(0, 255, (40, 64, 64, 3), np.uint8)
        return super()._shown()[0], {"frames": frames}

env = RecordVideo(Noise(99), sys.argv[1], lambda episode: True)
env.reset()
env.step(0)
if sys.argv[3] == "killed":
    import os
    os.kill(os.getpid(), signal.SIGKILL)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (99_000, 99_000))
for _ in range(20):
    try:
        env.step(0)
    except RuntimeError as error:
        print(error)
env.close()
"""


@pytest.mark.parametrize("ending", ["killed", "full disk"])
def test_what_stops_in_the_middle_leaves_the_older_film_whole(tmp_path, ending):
    films = tmp_path / "films"
    _record_one(films)
    before = (films / "rl-video-episode-0.mp4").read_bytes()
    here = os.path.dirname(__file__)
    command = [sys.executable, "-c", DISK, str(films), here, ending]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (films / "rl-video-episode-0.mp4").read_bytes() == before
    if ending == "killed":
        assert run.returncode == -9
        _record_one(films)
    else:
        told = f"{films / 'rl-video-episode-0.mp4'} could not be written: File too large\n"
        assert (run.returncode, run.stdout) == (0, told)
    assert [path.name for path in films.iterdir()] == ["rl-video-episode-0.mp4"]


def _record_one(folder):
    env = wrappers.RecordVideo(ToyWorld(2), str(folder))
    _play(env, 1, 2)
    env.close()
