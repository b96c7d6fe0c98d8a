"""Sky is continued upwards and sideways over unseen pixels, never over seen ones, and keeps its colour."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.completion.sky import SIDEWAYS_PIXELS, continue_sky
from wm_gym.memory.hints import Hints

SIZE = 12, 24
FAR = 100.0
ELEVATIONS = torch.linspace(0.6, -0.6, SIZE[0])[None, :, None].expand(1, *SIZE)
"""The upper half looks up."""


def hints_of(kinds: str, rows: slice) -> Hints:
    """One frame (1, H, W) whose `rows` have columns of s: sky, w: wall, .: unseen; all other rows are unseen."""
    columns = torch.tensor([" sw".find(kind) for kind in kinds.ljust(SIZE[1], ".")]).clamp(min=0).expand(SIZE)
    kind = torch.zeros(SIZE, dtype=torch.long)
    kind[rows] = columns[rows]
    nothing = torch.zeros(SIZE, dtype=torch.bool)
    depth = torch.where(kind == 1, math.log(FAR), torch.where(kind == 2, math.log(5.0), 0.0))
    colour = torch.where((kind == 1)[..., None], torch.tensor([90, 150, 230]), torch.tensor([40, 40, 40]))
    fields = {
        "colour": colour * (kind > 0)[..., None], "log_depth": depth, "seen": kind > 0, "moving": nothing,
        "age": nothing.int(), "same_appearance": nothing, "area": (kind > 0).float(),
        "from_behind": nothing,
    }  # fmt: skip
    fields["colour"] = fields["colour"].to(torch.uint8)
    return Hints(**{name: value[None].clone() for name, value in fields.items()})


def test_sky_is_continued_upwards_and_keeps_its_colour():
    hints = hints_of("s" * 24, slice(4, 6))
    shown, filled = continue_sky(hints, ELEVATIONS, FAR)
    assert filled[0, :4].all() and not filled[0, 4:].any()
    assert (shown.colour[0, :6] == torch.tensor([90, 150, 230])).all()
    torch.testing.assert_close(shown.log_depth[0, :4], torch.full((4, SIZE[1]), math.log(FAR)))


def test_sky_is_continued_only_so_far_sideways_and_not_through_walls():
    _, filled = continue_sky(hints_of("ssss....w...", slice(0, 6)), ELEVATIONS, FAR)
    assert filled[0, :6, 4:8].all() and not filled[0, :6, 8:].any()
    _, filled = continue_sky(hints_of("s", slice(0, 6)), ELEVATIONS, FAR)
    assert filled[0, 0, 1 : 1 + SIDEWAYS_PIXELS].all() and not filled[0, :, 1 + SIDEWAYS_PIXELS :].any()


def test_no_sky_is_continued_below_the_horizon():
    assert not continue_sky(hints_of("ssss", slice(0, 12)), ELEVATIONS, FAR)[1][0, 6:].any()


@pytest.mark.parametrize("kinds", ["", "wwww"])
def test_without_sky_nothing_is_filled_and_hints_are_never_changed_in_place(kinds):
    hints = hints_of(kinds, slice(2, 6))
    before = {name: value.clone() for name, value in vars(hints).items()}
    assert not continue_sky(hints, ELEVATIONS, FAR)[1].any()
    assert all(torch.equal(value, before[name]) for name, value in vars(hints).items())


@given(st.text("sw.", min_size=24, max_size=24), st.integers(0, 5), st.integers(6, 12))
def test_seen_pixels_stay_and_frames_are_independent(kinds, first, last):
    alone, other = hints_of(kinds, slice(first, last)), hints_of("s.w" * 8, slice(0, 4))
    both = Hints(**{name: torch.cat([value, getattr(other, name)]) for name, value in vars(alone).items()})
    shown, filled = continue_sky(alone, ELEVATIONS, FAR)
    together, filled_together = continue_sky(both, ELEVATIONS.expand(2, -1, -1), FAR)
    assert not (filled & alone.seen).any()
    assert torch.equal(filled_together[:1], filled) and torch.equal(together.colour[:1], shown.colour)
