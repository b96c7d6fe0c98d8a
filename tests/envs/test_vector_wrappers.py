"""Wrappers of many worlds: every autoreset mode, numpy and torch; what they count and stack is checked by hand."""

import av
import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode
from toy_worlds import MODES, ToyWorld, noops, toy_batch

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs import wrappers


@pytest.fixture(params=["numpy", "torch"])
def output(request):
    return request.param


@pytest.fixture(params=MODES, ids=[mode.name for mode in MODES])
def mode(request):
    return request.param


def _go(envs, mode, steps):
    """Reset, then step; ended worlds are reset by hand where nothing else does. Yields what each call gave."""
    yield envs.reset(seed=0)
    for _ in range(steps):
        result = envs.step(noops(envs))
        yield result
        ended = np.asarray(result[2]) | np.asarray(result[3])
        if mode is AutoresetMode.DISABLED and ended.any():
            yield envs.reset(options={"reset_mask": ended})


def _plain(value):
    """Torch to numpy, all the way down."""
    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_plain(part) for part in value]
    return value


PAIRS = {
    "resize": (wrappers.VectorResize, wrappers.Resize, ((8, 12),)),
    "grey": (wrappers.VectorGrey, wrappers.Grey, ()),
    "depth image": (wrappers.VectorDepthImage, wrappers.DepthImage, ()),
    "sample points": (wrappers.VectorSamplePoints, wrappers.SamplePoints, (3,)),
    "frame stack": (wrappers.VectorFrameStack, gym.wrappers.FrameStackObservation, (3,)),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_many_worlds_are_changed_as_one_is(pair, mode, output):
    """Worlds wrapped one by one and then joined give what the joined ones give, wrapped together."""
    together, alone, settings = pair
    lengths = (2, 5, 3)
    makers = [lambda n=n, k=k: alone(ToyWorld(k, 2 * n), *settings) for n, k in enumerate(lengths)]
    joined = gym.vector.SyncVectorEnv(makers, autoreset_mode=mode)
    wrapped = together(toy_batch(lengths, mode, output), *settings)
    assert wrapped.observation_space == joined.observation_space
    assert wrapped.single_observation_space == joined.single_observation_space
    for one, other in zip(_go(wrapped, mode, 7), _go(joined, mode, 7), strict=True):
        kinds = {type(part) for part in one[0].values()}
        assert kinds == {torch.Tensor if output == "torch" else np.ndarray}
        assert joined.observation_space.contains(_plain(one[0]))
        assert data_equivalence(_plain(one), _plain(other), exact=True)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_what_was_given_is_the_callers_to_keep(pair):
    envs = pair[0](toy_batch((9, 9), AutoresetMode.NEXT_STEP, "numpy"), *pair[2])
    envs.reset()
    kept = envs.step(noops(envs))[0]
    copies = {name: part.copy() for name, part in kept.items()}
    envs.step(noops(envs))
    assert data_equivalence(kept, copies, exact=True)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])  # else theirs loses the mask
def test_statistics_are_gymnasiums(mode):
    ours, theirs = (
        wrap(toy_batch((2, 4, 3), mode, "numpy"))
        for wrap in (wrappers.VectorRecordEpisodeStatistics, gym.wrappers.vector.RecordEpisodeStatistics)
    )
    for one, other in zip(_go(ours, mode, 9), _go(theirs, mode, 9), strict=True):
        for info in (one[-1], other[-1]):
            info.get("episode", {}).pop("t", None)
        assert data_equivalence(one[-1], other[-1], exact=True)
    assert list(ours.return_queue) == list(theirs.return_queue) != []
    assert list(ours.length_queue) == list(theirs.length_queue) and ours.episode_count == theirs.episode_count


def test_statistics_of_torch_output_are_those_of_numpy(mode):
    told = []
    for output in ("numpy", "torch"):
        envs = wrappers.VectorRecordEpisodeStatistics(toy_batch((2, 4, 3), mode, output))
        told.append([result[-1] for result in _go(envs, mode, 9) if "episode" in result[-1]])
    assert told[1] and all(isinstance(info["episode"]["r"], torch.Tensor) for info in told[1])
    for one, other in zip(*told, strict=True):
        for key in ("r", "l"):
            assert one["episode"][key].tolist() == other["episode"][key].tolist()
        assert one["_episode"].tolist() == other["_episode"].tolist()
        assert (other["episode"]["t"][other["_episode"]] > 0).all()


def test_statistics_of_a_world_that_is_not_reset_go_on():
    envs = wrappers.VectorRecordEpisodeStatistics(toy_batch((3, 3), AutoresetMode.DISABLED, "torch"))
    envs.reset()
    envs.step(noops(envs))
    envs.reset(options={"reset_mask": np.array([False, True])})
    envs.step(noops(envs))
    infos = envs.step(noops(envs))[-1]
    assert infos["_episode"].tolist() == [True, False] and infos["episode"]["l"].tolist() == [3, 0]


def test_a_key_that_is_taken_is_refused():
    envs = wrappers.VectorRecordEpisodeStatistics(toy_batch((1, 1), AutoresetMode.NEXT_STEP, "numpy"))
    envs = wrappers.VectorRecordEpisodeStatistics(envs)
    envs.reset()
    with pytest.raises(ValueError, match=r"infos must not hold 'episode' yet, got \['_episode', "):
        envs.step(noops(envs))


def test_gymnasiums_own_statistics_refuse_torch():
    envs = gym.wrappers.vector.RecordEpisodeStatistics(toy_batch((2, 2), AutoresetMode.NEXT_STEP, "torch"))
    envs.reset()
    with pytest.raises((TypeError, RuntimeError, ValueError)):
        for _ in range(4):
            envs.step(noops(envs))


def test_chunks_stop_where_an_episode_ends_or_begins(output):
    envs = wrappers.VectorActionChunks(toy_batch((2, 9), AutoresetMode.NEXT_STEP, output), 3)
    envs.reset()
    assert envs.single_action_space == gym.spaces.MultiDiscrete([9] * 3) and envs.action_space.shape == (2, 3)
    taken = []
    for expected in ([[1, 2, 0], [3, 4, 0]], [[0, 0, 0], [5, 0, 0]], [[1, 2, 0], [6, 7, 0]]):
        rewards, infos = _chunk(envs)
        assert infos["chunk_rewards"].tolist() == expected and rewards.tolist() == [sum(row) for row in expected]
        assert type(rewards) is type(infos["chunk_rewards"])
        taken.append(infos["actions_taken"].tolist())
    assert taken == [[2, 2], [1, 1], [2, 2]]


def test_chunks_of_another_shape_are_refused():
    envs = wrappers.VectorActionChunks(toy_batch((2, 9), AutoresetMode.NEXT_STEP, "numpy"), 3)
    envs.reset()
    with pytest.raises(ValueError) as raised:
        envs.step(np.zeros((2, 4), int))
    assert str(raised.value) == "chunks must be (2, 3), worlds and actions, got shape (2, 4)"


def _chunk(envs):
    _, rewards, _, _, infos = envs.step(np.zeros((2, 3), np.int64))
    return rewards, infos


@pytest.mark.parametrize("output", ["numpy", "torch"])
@pytest.mark.parametrize("mode", MODES, ids=[mode.name for mode in MODES])
def test_they_all_work_together_on_generated_worlds(tmp_path, mode, output):
    settings = {
        "obs_mode": "rgb+depth+points",
        "num_points": 64,
        "return_frames": True,
        "max_episode_steps": 3,
        "finer": 1,
    }
    settings |= {"backend": "memory_only", "world": "rooms/9", "autoreset_mode": mode.value, "output": output}
    envs = gym.make_vec("wm_gym/Explore-v0", num_envs=2, **settings)
    envs = wrappers.VectorRecordVideo(envs, str(tmp_path), lambda episode: episode == 0, worlds=[1])
    envs = wrappers.VectorRecordEpisodeStatistics(wrappers.VectorResize(envs, (24, 32)))
    envs = wrappers.VectorSamplePoints(wrappers.VectorDepthImage(wrappers.VectorGrey(envs)), 16)
    envs = wrappers.VectorFrameStack(envs, 2)
    lengths = []
    for result in _go(envs, mode, 7):
        assert envs.observation_space.contains(_plain(result[0]))
        if "episode" in result[-1]:
            lengths.append(result[-1]["episode"]["l"].tolist())
        if "final_obs" in result[-1]:
            assert envs.single_observation_space.contains(_plain(result[-1]["final_obs"][0]))
    assert lengths == [[3, 3]] * 2
    intrinsics = result[-1]["intrinsics"]
    assert intrinsics.shape == (2, 4) and (intrinsics[:, 2] == 16).all()
    envs.close()
    with av.open(str(tmp_path / "rl-video-world-1-episode-0.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 1 + 3 * 4


@pytest.mark.parametrize(
    ("wrap", "message"),
    [
        (lambda envs: wrappers.VectorFrameStack(envs, 0), "stack_size must be at least 1, got 0"),
        (
            lambda envs: wrappers.VectorRecordVideo(envs, "films", worlds=[2]),
            "worlds must be within 0..1, got [2]",
        ),
        (lambda envs: wrappers.VectorRecordVideo(envs, "films", fps=0), "fps must be positive, got 0"),
    ],
)
def test_settings_that_cannot_be(wrap, message):
    with pytest.raises(ValueError) as raised:
        wrap(toy_batch((2, 2), AutoresetMode.NEXT_STEP, "numpy"))
    assert str(raised.value) == message
