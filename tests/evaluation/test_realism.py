import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from wm_gym.evaluation.corruptions import CELL, KINDS, blended, shuffled, tiled
from wm_gym.evaluation.realism import SHIPPED as JUDGE
from wm_gym.evaluation.realism import RealismClassifier, RealismConfig, RealismNetwork
from wm_gym.evaluation.realism_training import RealismTrainConfig, shares, train_classifier, with_threshold
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.keyframe_scale import reduced
from wm_gym.scenes.named import SHIPPED, shipped_scenes

TINY = RealismConfig(channels=(4, 6), hidden=4)
seeds = st.integers(0, 1000)


def _places(height: int = 48, width: int = 64) -> np.ndarray:
    """Frames of the twin of places that no judge learned from."""
    names = [name.replace("/", "-") for name in shipped_scenes()]
    openings = [load_capture(SHIPPED / f"{name}.npz", height, width) for name in names]
    captures = [opening.capture for opening in openings if opening.capture is not None]
    return np.concatenate([reduced(capture, height, width).frames.numpy() for capture in captures])


def _noise(seed: int, count: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 64, 3), dtype=np.uint8)


def _fresh(seed: int = 0) -> RealismNetwork:
    torch.manual_seed(seed)
    return RealismNetwork(TINY).eval()


def test_the_shipped_judge_passes_places_and_catches_spoilt_ones():
    figures = shares(RealismClassifier.load(), _places()[::2], seed=0)
    assert figures["place"] > 0.85
    assert min(figures[kind] for kind in ("shuffled", "blurred", "tiled", "emptied")) > 0.85
    assert min(figures[kind] for kind in ("blended", "pieced")) > 0.5


def test_a_frame_of_one_colour_is_no_place():
    colours = np.random.default_rng(0).integers(0, 256, (50, 1, 1, 3), dtype=np.uint8)
    bare = torch.from_numpy(np.broadcast_to(colours, (50, 48, 64, 3)).copy())
    assert RealismClassifier.load().passes(bare).float().mean() < 0.1


def test_a_place_is_a_place_at_any_size_and_in_a_mirror():
    classifier, places = RealismClassifier.load(), torch.from_numpy(_places(96, 128)[::4])
    smaller = interpolate(places.movedim(-1, 1).float(), (36, 48), mode="area").byte().movedim(1, -1)
    for frames in (places, smaller, places.flip(2)):
        assert classifier.passes(frames).float().mean() > 0.8


def test_the_shipped_judge_is_small():
    assert JUDGE.stat().st_size < 150_000


def test_a_judge_comes_back_from_its_file(tmp_path):
    classifier = with_threshold(_fresh(), _noise(0), 0.5)
    classifier.save(tmp_path / "judge.safetensors")
    again, frames = RealismClassifier.load(tmp_path / "judge.safetensors"), torch.from_numpy(_noise(1))
    assert again.threshold == classifier.threshold
    assert torch.equal(again.log_odds(frames), classifier.log_odds(frames))


def test_a_file_of_another_kind_is_no_judge(tmp_path):
    (tmp_path / "classifier").write_bytes(b"not a classifier")
    with pytest.raises(
        ValueError, match=r"must be a whole wm_gym.realism_classifier file, got one that cannot be read$"
    ):
        RealismClassifier.load(tmp_path / "classifier")


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (torch.zeros(2, 3, 48, 64, dtype=torch.uint8), r"got \(2, 3, 48, 64\) torch.uint8$"),
        (torch.zeros(2, 48, 64, 3), r"got \(2, 48, 64, 3\) torch.float32$"),
    ],
)
def test_only_frames_are_judged(frames, message):
    with pytest.raises(ValueError, match=r"^frames must be \(T, H, W, 3\) uint8, " + message):
        RealismClassifier(_fresh(), 0.0).log_odds(frames)


def test_no_frames_have_no_odds():
    assert RealismClassifier(_fresh(), 0.0).passes(torch.zeros(0, 48, 64, 3, dtype=torch.uint8)).shape == (0,)


@given(st.floats(0.1, 0.9))
def test_the_threshold_passes_the_share_that_is_asked_for(share):
    frames = _noise(0, 40)
    passed = with_threshold(_fresh(), frames, share).passes(torch.from_numpy(frames)).double().mean()
    assert abs(float(passed) - share) <= 1 / 39 + 1e-6


def test_equal_seeds_train_equal_judges():
    config = RealismTrainConfig(classifier=TINY, steps=2, batch=8)
    one, other = (train_classifier(_noise(0), config).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_spoiling_follows_from_the_seed_and_leaves_the_frame_alone(kind):
    frames = _noise(3)
    before = frames.copy()
    one, other = (KINDS[kind](frames[0], list(frames[1:]), np.random.default_rng(5)) for _ in range(2))
    assert one.shape == (48, 64, 3) and one.dtype == np.uint8
    assert np.array_equal(one, other) and np.array_equal(frames, before)
    assert not np.array_equal(one, frames[0])


@given(seeds)
def test_shuffling_keeps_every_pixel(seed):
    frame = _noise(seed, 1)[0]
    torn = shuffled(frame, [], np.random.default_rng(seed))
    assert np.array_equal(np.sort(frame.reshape(-1, 3), axis=0), np.sort(torn.reshape(-1, 3), axis=0))


@given(seeds)
def test_blending_lies_between(seed):
    one, other = _noise(seed, 2)
    through = blended(one, [other], np.random.default_rng(seed)).astype(int)
    assert (through >= np.minimum(one, other).astype(int) - 1).all() and (through <= np.maximum(one, other)).all()


@given(seeds)
def test_tiles_are_flatter_within_than_between(seed):
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 255, 64)[None, :, None] * np.ones((48, 1, 3))
    steps = np.abs(np.diff(tiled(ramp.astype(np.uint8), [], rng).astype(float), axis=1)).mean((0, 2))
    assert np.sort(steps)[-64 // CELL :].mean() > np.median(steps)
