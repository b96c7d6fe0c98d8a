"""Objects of tasks are where they are said to be, and behind what is nearer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from plains import SIZE, on_a_plain

from wm_gym.envs.markers import COLOURS, SHAPES, Marker, draw_markers

LENGTHS = st.floats(0.1, 0.8)


def shown(marker, outcome):
    drawn = draw_markers(outcome, [marker])
    return drawn.chunk.depth[0, -1].numpy(), drawn.chunk.frames[0, -1].numpy()


def middle_pixel(outcome, position):
    """Row and column of the pixel that shows a position, seen from the origin along x."""
    fx, fy, cx, cy = outcome.intrinsics[0].tolist()
    x, y, z = position
    return int(cy - fy * z / x), int(cx - fx * y / x)


def ray_through(outcome, row, column):
    fx, fy, cx, cy = outcome.intrinsics[0].tolist()
    return np.array([1.0, -(column + 0.5 - cx) / fx, -(row + 0.5 - cy) / fy])


@given(st.floats(2.0, 9.0), st.floats(-0.3, 0.3), st.floats(-0.2, 0.2), LENGTHS)
def test_the_depth_of_a_ball_is_that_of_a_sphere(ahead, left_share, up_share, radius):
    outcome = on_a_plain((0, 0))
    position = np.array([ahead, left_share * ahead, up_share * ahead])
    row, column = middle_pixel(outcome, position)
    ray = ray_through(outcome, row, column)
    under = (ray @ position) ** 2 - (ray @ ray) * (position @ position - radius**2)
    depth, _ = shown(Marker("ball", "red", tuple(position), radius), outcome)
    before = outcome.chunk.depth[0, -1, row, column].item()
    wanted = ((ray @ position) - np.sqrt(under)) / (ray @ ray) if under > 0 else np.inf
    assert depth[row, column] == pytest.approx(wanted if 0.05 < wanted < before else before, rel=1e-5)


@given(st.floats(3.0, 6.0), st.floats(0.3, 0.8), st.floats(0.0, 6.3))
def test_a_cubes_side_and_a_pillars_front_are_a_radius_nearer(ahead, radius, turn):
    outcome = on_a_plain((0, 0))
    row, column = middle_pixel(outcome, (ahead, 0.0, 0.0))
    cube, _ = shown(Marker("cube", "blue", (ahead, 0.0, 0.0), radius), outcome)
    assert cube[row, column] == pytest.approx(ahead - radius, rel=1e-5)
    pillar, _ = shown(Marker("pillar", "blue", (ahead, 0.0, 0.0), radius, turn), outcome)
    y = -ray_through(outcome, row, column)[1]
    assert pillar[row, column] == pytest.approx(ahead - radius, rel=0.02) and abs(y) < 0.1


def test_a_coin_is_a_disc_from_its_face_and_a_bar_from_its_edge():
    outcome = on_a_plain((0, 0))
    face, edge = (
        draw_markers(outcome, [Marker("coin", "gold", (2.0, 0.0, 0.0), 0.5, turn)]).chunk for turn in (0.0, np.pi / 2)
    )
    wide, narrow = ((one.frames[0, 0].sum(-1) > 0).any(0).sum() for one in (face, edge))
    tall = [(one.frames[0, 0].sum(-1) > 0).any(1).sum() for one in (face, edge)]
    assert wide >= 2 * narrow and abs(int(tall[0] - tall[1])) <= 1
    assert face.depth[0, 0, 12, 16].item() == pytest.approx(1.9, abs=1e-3)


def test_a_cone_is_wider_at_its_foot_than_at_its_point():
    _, frame = shown(Marker.standing("cone", "green", (4.0, 0.0), -1.6, 0.8), on_a_plain((0, 0)))
    widths = (frame.sum(-1) > 0).sum(1)
    rows = np.flatnonzero(widths)
    assert widths[rows[0]] < widths[rows[-2]] and (np.diff(widths[rows[:-1]]) >= 0).all()


@given(st.sampled_from(list(SHAPES)), st.floats(2.0, 6.0), LENGTHS, st.floats(0.2, 20.0))
def test_nothing_is_drawn_behind_a_nearer_depth(shape, ahead, radius, wall):
    outcome = on_a_plain((0, 0), (0.1, 0), wall=wall)
    drawn = draw_markers(outcome, [Marker(shape, "yellow", (ahead, 0.1, 0.0), radius)])
    before, after = outcome.chunk, drawn.chunk
    assert (after.depth <= before.depth).all()
    if wall < ahead - 1.8 * radius:
        assert drawn is outcome
    is_nearer = before.depth < ahead - 1.8 * radius
    assert torch.equal(after.frames[is_nearer], before.frames[is_nearer])


def test_unknown_depth_hides_nothing():
    outcome = on_a_plain((0, 0))
    unknown = replace(outcome, chunk=replace(outcome.chunk, depth=torch.zeros_like(outcome.chunk.depth)))
    depth, frame = shown(Marker("ball", "red", (3.0, 0.0, 0.0), 0.5), unknown)
    assert (depth > 0).sum() > 4 and frame[12, 16, 0] > 100


def test_frames_without_markers_keep_their_bytes():
    outcome = on_a_plain((0, 0))
    behind = Marker("ball", "red", (-3.0, 0.0, 0.0), 0.5)
    buried = Marker("ball", "red", (3.0, 0.0, -4.0), 0.5)
    assert draw_markers(outcome, []) is outcome and draw_markers(outcome, [behind, buried]) is outcome


def test_the_outcome_that_is_drawn_on_keeps_its_bytes():
    outcome = on_a_plain((0, 0))
    frames, depth = outcome.chunk.frames.clone(), outcome.chunk.depth.clone()
    drawn = draw_markers(outcome, [Marker("cube", "red", (3.0, 0.0, 0.0), 0.5)])
    assert torch.equal(outcome.chunk.frames, frames) and torch.equal(outcome.chunk.depth, depth)
    assert not torch.equal(drawn.chunk.frames, frames)


def test_all_frames_of_a_chunk_show_it_and_it_does_not_move():
    outcome = on_a_plain((0, 0), (0.5, 0), (1.0, 0))
    moving = replace(outcome, chunk=replace(outcome.chunk, moving=torch.ones_like(outcome.chunk.moving)))
    drawn = draw_markers(moving, [Marker("pillar", "red", (4.0, 0.0, -0.7), 0.3)]).chunk
    sizes = [int((frame.sum(-1) > 0).sum()) for frame in drawn.frames[0]]
    assert sizes[0] < sizes[1] < sizes[2]
    assert torch.equal(drawn.moving, drawn.depth == outcome.chunk.depth)


def test_the_nearer_of_two_hides_the_other():
    near, far = Marker("cube", "red", (3.0, 0.0, 0.0), 0.3), Marker("cube", "blue", (5.0, 0.0, 0.0), 0.3)
    frames = [draw_markers(on_a_plain((0, 0)), order).chunk.frames for order in ([near, far], [far, near])]
    assert torch.equal(*frames)
    red, _, blue = frames[0][0, 0, SIZE[0] // 2, SIZE[1] // 2].tolist()
    assert red > 2 * blue and COLOURS["red"][0] > red
