"""Sky goes on up and sideways over what is open, never over what is known, and keeps its colour."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.completion.sky import SIDEWAYS_PIXELS, continue_sky
from wm_gym.memory.hints import Hints

SIZE = 12, 24
FAR = 100.0
RISES = torch.linspace(0.6, -0.6, SIZE[0])[None, :, None].expand(1, *SIZE)
"""The upper half looks up."""


def hints_of(kinds: str, rows: slice) -> Hints:
    """One frame: in `rows` the columns are s: sky, w: wall, .: open, and all else is open."""
    told = torch.tensor([" sw".find(kind) for kind in kinds.ljust(SIZE[1], ".")]).clamp(min=0).expand(SIZE)
    kind = torch.zeros(SIZE, dtype=torch.long)
    kind[rows] = told[rows]
    nothing = torch.zeros(SIZE, dtype=torch.bool)
    depth = torch.where(kind == 1, math.log(FAR), torch.where(kind == 2, math.log(5.0), 0.0))
    colour = torch.where((kind == 1)[..., None], torch.tensor([90, 150, 230]), torch.tensor([40, 40, 40]))
    fields = {
        "colour": colour * (kind > 0)[..., None], "log_depth": depth, "seen": kind > 0, "moving": nothing,
        "age": nothing.int(), "same_appearance": nothing, "area": (kind > 0).float(),
    }  # fmt: skip
    fields["colour"] = fields["colour"].to(torch.uint8)
    return Hints(**{name: value[None].clone() for name, value in fields.items()})


def test_sky_goes_on_upwards_and_keeps_its_colour():
    hints = hints_of("s" * 24, slice(4, 6))
    shown, filled = continue_sky(hints, RISES, FAR)
    assert filled[0, :4].all() and not filled[0, 4:].any()
    assert (shown.colour[0, :6] == torch.tensor([90, 150, 230])).all()
    torch.testing.assert_close(shown.log_depth[0, :4], torch.full((4, SIZE[1]), math.log(FAR)))


def test_sideways_it_goes_so_far_and_not_through_walls():
    _, filled = continue_sky(hints_of("ssss....w...", slice(0, 6)), RISES, FAR)
    assert filled[0, :6, 4:8].all() and not filled[0, :6, 8:].any()
    _, filled = continue_sky(hints_of("s", slice(0, 6)), RISES, FAR)
    assert filled[0, 0, 1 : 1 + SIDEWAYS_PIXELS].all() and not filled[0, :, 1 + SIDEWAYS_PIXELS :].any()


def test_below_the_horizon_there_is_none():
    assert not continue_sky(hints_of("ssss", slice(0, 12)), RISES, FAR)[1][0, 6:].any()


@pytest.mark.parametrize("kinds", ["", "wwww"])
def test_without_sky_nothing_is_filled_and_hints_are_never_changed_in_place(kinds):
    hints = hints_of(kinds, slice(2, 6))
    before = {name: value.clone() for name, value in vars(hints).items()}
    assert not continue_sky(hints, RISES, FAR)[1].any()
    assert all(torch.equal(value, before[name]) for name, value in vars(hints).items())


@given(st.text("sw.", min_size=24, max_size=24), st.integers(0, 5), st.integers(6, 12))
def test_what_is_known_stays_and_frames_do_not_see_one_another(kinds, first, last):
    alone, other = hints_of(kinds, slice(first, last)), hints_of("s.w" * 8, slice(0, 4))
    both = Hints(**{name: torch.cat([value, getattr(other, name)]) for name, value in vars(alone).items()})
    shown, filled = continue_sky(alone, RISES, FAR)
    together, filled_together = continue_sky(both, RISES.expand(2, -1, -1), FAR)
    assert not (filled & alone.seen).any()
    assert torch.equal(filled_together[:1], filled) and torch.equal(together.colour[:1], shown.colour)
