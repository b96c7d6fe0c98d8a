"""Thin holes are filled along the slant of a surface, only so far, background first, and only where nothing is seen."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.completion.holes import REACH_PIXELS, fill_holes
from wm_gym.memory.hints import Hints

SIZE = 12, 16


def hints_of(depth: torch.Tensor, seen: torch.Tensor, moving: torch.Tensor | None = None) -> Hints:
    """One frame (1, H, W) whose red is the column and whose green is the row."""
    rows, columns = torch.meshgrid(*map(torch.arange, SIZE), indexing="ij")
    colour = torch.stack([columns, rows, torch.zeros_like(rows)], -1).to(torch.uint8)
    nothing = torch.zeros(SIZE, dtype=torch.bool)
    fields = {
        "colour": colour, "log_depth": depth.log(), "seen": seen, "moving": nothing if moving is None else moving,
        "age": nothing.int(), "same_appearance": nothing, "area": torch.ones(SIZE),
        "from_behind": nothing,
    }  # fmt: skip
    blank = ~seen
    return Hints(**{name: value.masked_fill(blank.view(*SIZE, *[1] * (value.ndim - 2)), 0)[None]
                    for name, value in fields.items()})  # fmt: skip


def strip(first: int, last: int) -> torch.Tensor:
    """(H, W) bool: the columns from `first` to `last` are seen."""
    columns = torch.arange(SIZE[1]).expand(SIZE)
    return (columns >= first) & (columns <= last)


@given(st.floats(1, 50), st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))
def test_a_hole_in_a_plane_is_filled_along_the_plane(metres, across, down):
    rows, columns = torch.meshgrid(*map(torch.arange, SIZE), indexing="ij")
    depth = metres / (1 + across * (columns - 8) + down * (rows - 6))
    seen = ~strip(7, 8)
    made = fill_holes(hints_of(depth, seen))
    assert torch.equal(made.depth > 0, ~seen)
    torch.testing.assert_close(made.depth[~seen], depth[~seen], rtol=1e-4, atol=0)


def test_a_hole_between_two_surfaces_is_filled_from_the_farther_one():
    depth = torch.where(strip(0, 5), 2.0, 9.0)
    made = fill_holes(hints_of(depth, ~strip(6, 8)))
    torch.testing.assert_close(made.depth[:, 7:9], torch.full((SIZE[0], 2), 9.0))
    assert (made.frame[:, 7:9, 0] == 9).all() and (made.frame[:, 7:9, 1] == torch.arange(SIZE[0])[:, None]).all()


def test_a_surface_is_extended_only_so_far():
    made = fill_holes(hints_of(torch.full(SIZE, 3.0), strip(0, 3)))
    assert torch.equal(made.depth > 0, strip(4, 3 + REACH_PIXELS))


def test_moving_objects_are_neither_extended_nor_filled():
    moving = strip(0, 5)
    made = fill_holes(hints_of(torch.full(SIZE, 3.0), strip(0, 5), moving))
    assert not (made.depth > 0).any()
    made = fill_holes(hints_of(torch.where(moving, 20.0, 3.0), ~strip(6, 8), moving))
    torch.testing.assert_close(made.depth[:, 6:9], torch.full((SIZE[0], 3), 3.0))


def test_a_frame_without_hints_is_left_empty():
    made = fill_holes(hints_of(torch.ones(SIZE), torch.zeros(SIZE, dtype=torch.bool)))
    assert not (made.depth > 0).any()
