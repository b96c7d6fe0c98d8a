import math

import pytest
import torch
from tiny_pieces import PACKING, planes

from wm_gym.backends.video.codec import HINT_CHANNELS
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.poses import exp
from wm_gym.train_world.distilling.turned import turned_hints

LENS = intrinsics_from_fov(70.0, 16, 24)[None]
STILL = torch.eye(4)[None]


def turned(yaw):
    """A camera that has turned right by so many radians."""
    return exp(torch.tensor([[0.0, 0.0, 0.0, 0.0, yaw, 0.0]]))


def test_a_camera_that_stands_still_sees_the_frame_again():
    frame = planes(1)
    hints = turned_hints(frame, STILL, STILL[:, None], LENS, PACKING)[0, 0]
    assert hints.shape == (HINT_CHANNELS, 16, 24)
    assert torch.allclose(hints[:4], frame[0, :4], atol=1e-4)
    assert (hints[4] == 1).all()


def test_what_comes_into_view_is_not_hinted():
    hints = turned_hints(planes(1), STILL, turned(0.5)[:, None], LENS, PACKING)[0, 0]
    assert (hints[4, :, 0] == 1).all()
    assert (hints[4, :, -1] == 0).all()
    assert (hints[:, hints[4] == 0] == 0).all()


def test_there_and_back_is_where_it_was():
    smooth = torch.nn.functional.interpolate(planes(1)[:, :, ::8, ::8], size=(16, 24), mode="bilinear")
    there = turned_hints(smooth, STILL, turned(0.2)[:, None], LENS, PACKING)[:, 0]
    back = turned_hints(there[:, :5], turned(0.2), STILL[:, None], LENS, PACKING)[0, 0]
    inside = back[4].bool() & (back[0].abs() > 0)
    inside[:, -8:] = inside[:, :8] = False
    assert (back[:3] - smooth[0, :3])[:, inside].abs().mean() < 0.08


def test_depth_is_along_the_new_axis():
    flat = torch.zeros(1, 5, 16, 24)
    flat[:, 3] = (
        2 * (math.log(4.0) - math.log(PACKING.near_metres)) / math.log(PACKING.far_metres / PACKING.near_metres) - 1
    )
    hints = turned_hints(flat, STILL, turned(0.3)[:, None], LENS, PACKING)[0, 0]
    octaves = math.log(PACKING.far_metres / PACKING.near_metres)
    metres = PACKING.near_metres * torch.exp((hints[3, 8, 12] + 1) / 2 * octaves)
    # a wall 4 m ahead of the old camera, along a ray that is 0.3 to its side: 4 / cos 0.3 away, all on the new axis
    assert float(metres) == pytest.approx(4 / math.cos(0.3), rel=0.03)


def test_the_sky_stays_the_sky():
    sky = torch.ones(1, 5, 16, 24)
    hints = turned_hints(sky, STILL, turned(0.3)[:, None], LENS, PACKING)[0, 0]
    assert (hints[3][hints[4] > 0] > 0.999).all()
