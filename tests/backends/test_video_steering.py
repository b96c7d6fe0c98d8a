"""Camera tokens in the frame before the chunk, or in the opening frame, common to all latent frames."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.model import VideoModel
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.steering import NEAR_METRES, action_dim, compressed, steer, steer_on_cpu
from wm_gym.completion.pipeline import Completion
from wm_gym.geometry.cameras import intrinsics_from_fov, rays
from wm_gym.geometry.motion import camera_pose
from wm_gym.geometry.poses import compose, exp, inverse
from wm_gym.scenes.named import open_named
from wm_gym.world.world import World

GRID, PATCH, LENGTH, FRAMES = (3, 4), 8, 2, 4
INTRINSICS = intrinsics_from_fov(90.0, 24, 32)[None]
twists = st.lists(st.floats(-0.4, 0.4), min_size=6, max_size=6)


def _path(seed, spread=1.0):
    """A random walk of 1 + L * T poses."""
    generator = torch.Generator().manual_seed(seed)
    moves = exp(0.2 * spread * torch.randn(1 + LENGTH * FRAMES, 6, generator=generator).double())
    poses = [torch.eye(4).double()]
    for move in moves:
        poses.append(compose(poses[-1], move))
    return torch.stack(poses[1:])[None].float()


def _steer(path, origin, compress=True, keys=None):
    keys = torch.zeros(1, LENGTH * FRAMES, 8, dtype=torch.bool) if keys is None else keys
    shape = {"length": LENGTH, "grid": GRID, "patch": PATCH, "compress": compress}
    return steer(path, origin, INTRINSICS, keys, **shape)


@settings(max_examples=20, deadline=None)
@given(twists, st.integers(0, 100), st.booleans())
def test_moving_the_whole_world_rigidly_changes_nothing(twist, seed, compress):
    moved = exp(torch.tensor(twist).double() * 5).float()[None]
    path, origin = _path(seed), _path(seed + 1)[:, 0]
    one, other = _steer(path, origin, compress), _steer(compose(moved[:, None], path), compose(moved, origin), compress)
    for still, carried in zip(one, other, strict=True):
        torch.testing.assert_close(still, carried, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("spread", [1.0, 8.0], ids=["near", "far"])
def test_the_relative_pose_of_two_latent_frames_can_be_recovered_in_the_common_frame(spread):
    path, origin = _path(3, spread), _path(4)[:, 0]
    camera, _ = _steer(path, origin)
    poses = [_pose_of(camera[0, k, :, 6 * t : 6 * t + 6]) for k, t in ((0, 1), (1, 3))]
    truth = [path[0, 1 + FRAMES * k + t].double() for k, t in ((0, 1), (1, 3))]
    relative, wanted = (compose(inverse(a), b) for a, b in (poses, truth))
    torch.testing.assert_close(relative, wanted, atol=1e-2, rtol=1e-2)


def _pose_of(camera):
    """The pose in the common frame that camera tokens (S, 6) were made of, by least squares."""
    moments, directions = camera.double().split(3, -1)
    seen = rays(INTRINSICS[0] / PATCH, *GRID).flatten(0, 1).double()
    u, _, v = torch.linalg.svd(directions.T @ (seen / seen.norm(dim=-1, keepdim=True)))
    rotation = u @ torch.diag(torch.tensor([1.0, 1.0, torch.det(u @ v)]).double()) @ v
    # moment = position x direction, linear in the position
    crosses = torch.stack(
        [torch.linalg.cross(axis.expand_as(directions), directions) for axis in torch.eye(3).double()], -1
    )
    position = torch.linalg.lstsq(crosses.flatten(0, 1), moments.flatten()[:, None]).solution[:, 0]
    near = position.norm() / NEAR_METRES
    position = position * torch.expm1(near) / near
    return torch.cat([torch.cat([rotation, position[:, None]], 1), torch.tensor([[0.0, 0, 0, 1]]).double()])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-2000, 2000), min_size=3, max_size=3))
def test_compressed_translations_keep_their_direction_and_order_and_stay_in_range(position):
    pose = torch.eye(4).double()
    pose[:3, 3] = torch.tensor(position).double()
    short = compressed(pose)[:3, 3]
    assert torch.equal(compressed(pose)[:3, :3], pose[:3, :3])
    assert short.norm() <= pose[:3, 3].norm() * (1 + 1e-9) and short.norm() < 60
    torch.testing.assert_close(short * pose[:3, 3].norm(), pose[:3, 3] * short.norm(), atol=1e-6, rtol=1e-6)


def test_a_kilometre_becomes_46_metres_and_a_centimetre_stays_one():
    pose = torch.eye(4).double().repeat(2, 1, 1)
    pose[0, 0, 3], pose[1, 0, 3] = 1000.0, 0.01
    assert compressed(pose)[:, 0, 3].tolist() == pytest.approx([46.15, 0.01], rel=1e-3)


def test_each_latent_frame_has_its_own_rays_twists_and_keys():
    path = _path(0)
    keys = torch.zeros(1, LENGTH * FRAMES, 8, dtype=torch.bool)
    keys[:, FRAMES:, 0] = True
    camera, action = _steer(path, path[:, 0], compress=False, keys=keys)
    assert camera.shape == (1, LENGTH, 12, 6 * FRAMES) and action.shape == (1, LENGTH, action_dim(FRAMES))
    assert action[0, :, -8].tolist() == [0.0, 1.0]
    second = steer(
        path[:, FRAMES:], path[:, 0], INTRINSICS, keys[:, FRAMES:], length=1, grid=GRID, patch=PATCH, compress=False
    )
    assert torch.equal(second[0][:, 0], camera[:, 1]) and torch.equal(second[1][:, 0], action[:, 1])


def _world(camera_frame):
    torch.manual_seed(0)
    config = VideoConfig(
        height=24, width=32, num_layers=1, num_heads=2, head_dim=32, ffn_dim=128, text_dim=32, text_vocabulary=256,
        text_tokens=8, refiner_channels=8, camera_frame=camera_frame,
    )  # fmt: skip
    network = VideoNetwork(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return World(VideoModel(network), completion=Completion())


@pytest.mark.parametrize("camera_frame", ["chunk", "world"])
def test_the_origin_is_the_frame_before_the_chunk_or_the_opening_frame(camera_frame, monkeypatch):
    world, origins = _world(camera_frame), []

    def watched(path, origin, *rest, **shape):
        origins.append(origin)
        return steer_on_cpu(path, origin, *rest, **shape)

    monkeypatch.setattr("wm_gym.backends.video.model.steer_on_cpu", watched)
    state, _ = world.start([open_named(world.model.spec, "city/9", 0, "full", 1)], [1])
    opening = torch.from_numpy(camera_pose(state.body_poses)).float()
    for _ in range(2):
        before = torch.from_numpy(camera_pose(state.body_poses)).float()
        state, _ = world.step(state, np.full((1, 4, 4), 0.5))
        torch.testing.assert_close(origins[-1], before if camera_frame == "chunk" else opening)
    assert not torch.allclose(before, opening)


def test_weights_that_name_no_camera_frame_were_trained_in_that_of_the_chunk():
    assert VideoConfig.of({}).camera_frame == "chunk"
    settings = vars(replace(VideoConfig(), camera_frame="world"))
    assert VideoConfig.of(settings | {"streaming": {}}).camera_frame == "world"
