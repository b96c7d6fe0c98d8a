import math

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from strategies import cameras as some_cameras
from strategies import some_poses

from wm_gym.geometry import cameras, plucker, poses

HEIGHT, WIDTH = 8, 12


def pixel_grid():
    rows, columns = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    return torch.stack([columns, rows], dim=-1).double()


def depth_map(seed):
    generator = torch.Generator().manual_seed(seed)
    return 0.1 + 50 * torch.rand(HEIGHT, WIDTH, dtype=torch.float64, generator=generator)


@given(some_cameras(), some_poses(), st.integers(0, 1000))
def test_projecting_an_unprojected_pixel_returns_it(intrinsics, world_from_camera, seed):
    depth = depth_map(seed)
    p_world = cameras.unproject(depth, intrinsics, world_from_camera)
    p_camera = poses.transform(poses.inverse(world_from_camera), p_world.reshape(-1, 3)).reshape(p_world.shape)
    pixels, z = cameras.project(p_camera, intrinsics)
    torch.testing.assert_close(pixels, pixel_grid(), atol=1e-8, rtol=0)
    torch.testing.assert_close(z, depth, atol=1e-8, rtol=0)


@given(some_cameras(), st.integers(0, 1000))
def test_depth_times_ray_is_the_point(intrinsics, seed):
    depth = depth_map(seed)
    points = cameras.unproject(depth, intrinsics, torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(points, cameras.rays(intrinsics, HEIGHT, WIDTH) * depth[..., None])


@given(st.floats(1, 170), st.integers(1, 200), st.integers(1, 200))
def test_the_field_of_view_reaches_from_edge_to_edge(fov_degrees, height, width):
    fx, fy, cx, cy = cameras.intrinsics_from_fov(fov_degrees, height, width).double().tolist()
    assert 2 * math.degrees(math.atan(cx / fx)) == pytest.approx(fov_degrees, rel=1e-5)
    assert fx == fy and (cx, cy) == (width / 2, height / 2)


@given(some_cameras(), st.integers(1, 4), st.integers(1, 4))
def test_resizing_scales_pixels(intrinsics, scale_y, scale_x):
    points = cameras.rays(intrinsics, HEIGHT, WIDTH)
    pixels, _ = cameras.project(points, intrinsics)
    resized, _ = cameras.project(points, cameras.resize_intrinsics(intrinsics, scale_y, scale_x))
    torch.testing.assert_close(resized, pixels * pixels.new_tensor([scale_x, scale_y]))


@given(some_cameras(), some_poses(), st.floats(-20, 20))
def test_a_moment_is_orthogonal_and_the_same_along_its_ray(intrinsics, world_from_camera, distance):
    moment, direction = plucker.plucker_rays(intrinsics, world_from_camera, HEIGHT, WIDTH).split(3, dim=-1)
    torch.testing.assert_close((moment * direction).sum(-1), torch.zeros(HEIGHT, WIDTH).double(), atol=1e-9, rtol=0)
    torch.testing.assert_close(direction.norm(dim=-1), torch.ones(HEIGHT, WIDTH).double())
    further = world_from_camera[:3, 3] + distance * direction
    torch.testing.assert_close(torch.linalg.cross(further, direction), moment, atol=1e-8, rtol=0)


@given(some_cameras(), some_poses())
def test_a_plucker_ray_passes_through_what_its_pixel_sees(intrinsics, world_from_camera):
    moment, direction = plucker.plucker_rays(intrinsics, world_from_camera, HEIGHT, WIDTH).split(3, dim=-1)
    seen = cameras.unproject(depth_map(0), intrinsics, world_from_camera)
    torch.testing.assert_close(torch.linalg.cross(seen, direction), moment, atol=1e-8, rtol=0)


def test_batches_of_cameras_equal_single_ones():
    generator = torch.Generator().manual_seed(2)
    intrinsics = 5 + 5 * torch.rand(3, 4, generator=generator)
    pose = poses.exp(torch.randn(3, 6, generator=generator))
    depth = 1 + torch.rand(3, HEIGHT, WIDTH, generator=generator)
    for i in range(3):
        one = cameras.unproject(depth[i], intrinsics[i], pose[i])
        torch.testing.assert_close(cameras.unproject(depth, intrinsics, pose)[i], one)
        line = plucker.plucker_rays(intrinsics[i], pose[i], HEIGHT, WIDTH)
        torch.testing.assert_close(plucker.plucker_rays(intrinsics, pose, HEIGHT, WIDTH)[i], line)


def test_the_top_left_pixel_looks_left_and_up():
    ray = cameras.rays(cameras.intrinsics_from_fov(90, 2, 2), 2, 2)[0, 0]
    np.testing.assert_allclose(ray.numpy(), [-0.5, -0.5, 1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cameras.intrinsics_from_fov(180, 4, 4), "fov_degrees must lie between 0 and 180, got 180"),
        (lambda: cameras.intrinsics_from_fov(60, 0, 4), "height and width must be at least 1, got 0 and 4"),
        (lambda: cameras.rays(torch.zeros(3), 2, 2), "intrinsics must have shape (..., 4), got (3,)"),
        (lambda: cameras.project(torch.zeros(2), torch.ones(4)), "p_camera must have shape (..., 3), got (2,)"),
        (
            lambda: cameras.unproject(torch.ones(3), torch.ones(4), torch.eye(4)),
            "depth must have shape (..., H, W), got (3,)",
        ),
        (
            lambda: cameras.resize_intrinsics(torch.ones(4), 0, 1),
            "scale_y and scale_x must be positive, got 0 and 1",
        ),
        (
            lambda: plucker.plucker_rays(torch.ones(4), torch.eye(3), 2, 2),
            "world_from_camera must have shape (..., 4, 4), got (3, 3)",
        ),
    ],
)
def test_bad_cameras_are_refused_in_one_sentence(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
