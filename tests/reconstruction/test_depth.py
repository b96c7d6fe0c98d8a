from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_depth import MODELS, write_model

import wm_gym  # noqa: F401
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.reconstruction.alignment import DepthScale, scale_by_floor, scale_by_known
from wm_gym.reconstruction.depth_estimator import EstimatedReconstructor, find_estimator, opening_depth
from wm_gym.reconstruction.depth_network import DepthConfig, DepthInput, DepthNetwork, slopes_of
from wm_gym.reconstruction.depth_weights import EmbeddedDepth, load_depth, save_depth
from wm_gym.reconstruction.estimates import DepthEstimate, DepthQuery, Kind
from wm_gym.reconstruction.one_picture import flat_ground
from wm_gym.reconstruction.plane_sweep import no_sweep
from wm_gym.reconstruction.upsampling import upsampled
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.images import open_picture
from wm_gym.scenes.sources import shipped_file
from wm_gym.world_model import Chunk

SIZE = (36, 48)
LENS = torch.tensor([40.0, 40.0, 24.0, 18.0])
GROUND = flat_ground(LENS, *SIZE)
POSE = torch.from_numpy(camera_pose(START_BODY_POSE)).float()[None, None]


def scene():
    """A floor with a box on it and a wall 8 m ahead, metres."""
    depth = GROUND.clamp(max=8.0).clone()
    depth[14:26, 10:18] = 3.5
    return depth


class Given:
    """An estimator that is handed its answer."""

    def __init__(self, answer: torch.Tensor, kind: Kind) -> None:
        self.answer = answer
        self.kind: Kind = kind
        self.takes_known = False

    def estimate(self, query):
        return DepthEstimate(self.answer.expand(len(query.frames), *SIZE))


def blank(count=1):
    return torch.zeros(count, *SIZE, 3, dtype=torch.uint8)


def level(frames):
    return DepthQuery.of_level(frames, LENS)


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(0.05, 50.0), shift=st.floats(-3.0, 3.0))
def test_relative_depth_comes_to_metres_whatever_its_scale_and_shift(scale, shift):
    depth = scene()
    disparity = (1 / depth - shift / scale) * scale
    found = scale_by_floor(disparity, GROUND, "disparity")
    assert found.share > 0.5
    torch.testing.assert_close(found.metres(disparity), depth, rtol=0.02, atol=0.02)


def test_metres_that_are_off_by_a_factor_are_put_right_and_have_no_shift():
    found = scale_by_floor(0.6 * scene(), GROUND, "metric")
    assert found.scale == pytest.approx(1 / 0.6, rel=1e-3) and found.shift == 0
    known = scale_by_known(3.0 * scene()[20], scene()[20], "metric")
    assert known.scale == pytest.approx(1 / 3, rel=1e-3)


def test_disparity_without_end_is_the_sky():
    assert DepthScale("disparity", 1.0, -0.5).metres(torch.tensor([0.2, 1.0])).tolist() == [100.0, 2.0]


def test_a_picture_of_no_floor_is_refused_for_disparity_and_keeps_the_metres_of_a_metric_model():
    wall = torch.rand(SIZE, generator=torch.Generator().manual_seed(0)) + 0.5
    with pytest.raises(
        ValueError, match=r"^a picture must show the floor in at least 25% of what is below its horizon"
    ):
        opening_depth(Given(wall, "disparity"), level(blank()))
    near = torch.full(SIZE, 0.4)
    near[::2] = 0.8
    estimate, scale = opening_depth(Given(near, "metric"), level(blank()))
    assert scale == DepthScale("metric") and torch.equal(estimate.depth[0], near)


def empty_hints() -> Hints:
    return render([Memory.empty()], POSE, LENS[None], *SIZE, [0], [0])


def test_memory_has_the_last_word_and_sets_the_scale_of_what_is_estimated():
    hints, depth = empty_hints(), scene()
    hints.seen[..., 20:, :], hints.log_depth[0, 0] = True, depth.log()
    made = EstimatedReconstructor(Given(2.5 / depth - 0.3, "disparity")).reconstruct(
        Chunk(blank()[None], None, None, POSE), hints, LENS[None], 100.0
    )
    assert made.depth is not None and made.moving is not None
    torch.testing.assert_close(made.depth[0, 0], depth, rtol=0.02, atol=0.02)
    assert torch.equal(made.depth[0, 0, 20:], depth[20:].log().exp()) and not made.moving.any()


def test_where_memory_shows_nothing_the_floor_sets_the_scale_and_given_depth_stays():
    depth = scene()
    reconstructor = EstimatedReconstructor(Given(0.5 * depth, "metric"))
    made = reconstructor.reconstruct(Chunk(blank()[None], None, None, POSE), empty_hints(), LENS[None], 100.0)
    assert made.depth is not None
    torch.testing.assert_close(made.depth[0, 0], depth, rtol=0.02, atol=0.02)
    own = torch.full((1, 1, *SIZE), 4.0)
    kept = reconstructor.reconstruct(Chunk(blank()[None], own, None, POSE), empty_hints(), LENS[None], 100.0)
    assert kept.depth is own


@pytest.mark.parametrize("name", MODELS)
def test_any_depth_model_of_transformers_is_taken_by_its_folder(name, tmp_path):
    estimator = find_estimator(str(write_model(tmp_path / name, name)))
    assert estimator is not None and estimator.kind == MODELS[name][1]
    frames = torch.randint(0, 256, (2, *SIZE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    made = estimator.estimate(level(frames)).depth
    assert made.shape == (2, *SIZE) and made.dtype == torch.float32 and torch.isfinite(made).all()
    assert torch.equal(made[1], estimator.estimate(level(frames[1:])).depth[0]), "each frame on its own"


def test_a_network_that_has_learned_nothing_answers_with_the_ground_and_with_what_is_known(tmp_path):
    torch.manual_seed(0)
    network = DepthNetwork()
    assert sum(one.numel() for one in network.parameters()) < 1_300_000
    known = torch.zeros(1, *SIZE)
    known[:, 5:9] = 3.0
    slopes = slopes_of(LENS[None], POSE[0], *SIZE)
    frames, nothing = torch.rand(1, 3, *SIZE), torch.zeros(1, *SIZE)
    given = DepthInput(frames, GROUND[None], slopes, known, nothing, frames, no_sweep(1, *SIZE))
    made = network(given).log_depth.exp()
    torch.testing.assert_close(made[0, 30:], GROUND[30:].clamp(max=9.0))
    torch.testing.assert_close(made[0, 5:9], known[0, 5:9])
    save_depth(tmp_path / "depth.safetensors", network)
    estimator = EmbeddedDepth(tmp_path / "depth.safetensors")
    torch.testing.assert_close(estimator.estimate(level(blank(2))).depth[1, 30:], GROUND[30:])
    assert load_depth(tmp_path / "depth.safetensors").config == DepthConfig()


def walked(count=12):
    """Frames of a camera that goes ahead by 0.1 m each, random pictures."""
    frames = torch.randint(0, 256, (count, *SIZE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    poses = POSE[0].repeat(count, 1, 1)
    poses[:, 0, 3] = 0.1 * torch.arange(count)
    return DepthQuery(frames, LENS, poses, follows=True)


def learned(tmp_path):
    """An estimator whose network answers with something everywhere."""
    torch.manual_seed(0)
    network = DepthNetwork(DepthConfig(width=4, head=4))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    save_depth(tmp_path / "depth.safetensors", network)
    return EmbeddedDepth(tmp_path / "depth.safetensors")


def test_the_answer_of_a_frame_depends_on_those_beside_it_only_where_they_follow_each_other(tmp_path):
    estimator, query = learned(tmp_path), walked()
    alone = replace(query, follows=False)
    one = replace(alone, frames=query.frames[5:6], world_from_camera=query.world_from_camera[5:6])
    assert torch.equal(estimator.estimate(alone).depth[5], estimator.estimate(one).depth[0])
    assert not torch.equal(estimator.estimate(query).depth[5], estimator.estimate(one).depth[0])
    changed = query.frames.clone()
    changed[11] = 255 - changed[11]
    last_two = replace(query, gaps=(2,))
    same = estimator.estimate(replace(last_two, frames=changed)).depth == estimator.estimate(last_two).depth
    assert same.flatten(1).all(1).tolist() == [t != 11 for t in range(12)], "later frames tell earlier ones nothing"


def test_large_pictures_have_the_depth_of_small_ones_along_the_edges_of_their_colours():
    small = torch.zeros(3, 12, 16)
    small[:, :, 8:] = 1.0
    depth = torch.where(small[:1] > 0.5, 8.0, 2.0)
    large = torch.zeros(3, 48, 64)
    large[:, :, 30:] = 1.0
    made = upsampled(depth, small, large)[0]
    torch.testing.assert_close(made, torch.where(large[0] > 0.5, 8.0, 2.0), rtol=1e-3, atol=1e-3)


def test_a_picture_opens_on_the_depth_that_is_estimated():
    opening = load_capture(shipped_file("rooms/9"), 48, 64, finer=1)
    assert opening.capture is not None
    frame, depth = opening.capture.frames[0], opening.capture.depth[0]

    class Twin:
        kind: Kind = "disparity"
        takes_known = False

        def estimate(self, query):
            return DepthEstimate((4 / depth + 1)[None], (depth < 3.0).float()[None] * 2 - 1)

    fov = float(np.degrees(2 * np.arctan(32 / float(opening.intrinsics[0]))))
    opened = open_picture(frame.numpy(), 48, 64, estimator=Twin(), fov_degrees=fov)
    assert opened.image is None and opened.capture is not None
    assert float((opened.capture.depth[0] / depth - 1).abs().median()) < 0.05
    assert torch.equal(opened.capture.moving[0], depth < 3.0)


@pytest.mark.parametrize("name", ["depth_anything_metric", "embedded"])
def test_an_environment_opens_a_picture_by_an_estimator(name, tmp_path):
    if name == "embedded":
        save_depth(tmp_path / "depth.safetensors", DepthNetwork(DepthConfig(width=4, head=4)))
        settings_of_it = {"depth": tmp_path / "depth.safetensors"}
    else:
        settings_of_it = {"depth": str(write_model(tmp_path, name)), "device": "cpu"}
    env = gym.make(
        "wm_gym/Explore-v0", backend="memory_only", resolution=SIZE, finer=1, reconstruction_settings=settings_of_it
    )
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    observation, _ = env.reset(seed=0, options={"image": picture})
    assert np.abs(observation["rgb"].astype(int) - picture).max() <= 1
    assert observation["depth"].min() > 0
    env.close()


def test_the_network_that_ships_is_nearer_to_the_truth_than_the_guess_and_is_the_default_of_pictures():
    opening = load_capture(shipped_file("rooms/9"), 48, 64, finer=1)
    assert opening.capture is not None
    frame, true = opening.capture.frames[0], opening.capture.depth[0]
    estimator = find_estimator()
    assert estimator is not None
    query = DepthQuery.of_level(frame[None], opening.intrinsics)
    where = (true > 0.3) & (true < 20)
    off = [float(((made - true).abs() / true)[where].mean()) for made in (
        estimator.estimate(query).depth[0], query.ground()[0].clamp(max=9.0),
    )]  # fmt: skip
    assert off[0] < 0.25 and off[0] < off[1]
    env = gym.make("wm_gym/Explore-v0", backend="memory_only", resolution=(48, 64), finer=1)
    observation, _ = env.reset(seed=0, options={"image": frame.numpy()})
    expected = estimator.estimate(DepthQuery.of_level(frame[None], intrinsics_from_fov(65.0, 48, 64))).depth[0]
    still = observation["rgb"][..., 0] == frame[..., 0].numpy()
    assert float(np.median(np.abs(observation["depth"][..., 0] / expected.numpy() - 1)[still])) < 0.02
    env.close()
