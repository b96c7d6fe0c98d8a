import torch
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.memory.hints import Hints
from wm_gym.reconstruction.blend_colours import blend_colours

SHAPE = (1, 2, 6, 8)


def _hints(colour, **flags):
    masks = {name: torch.full(SHAPE, flags.get(name, name != "moving")) for name in ("seen", "moving", "same")}
    return Hints(torch.full((*SHAPE, 3), colour, dtype=torch.uint8), torch.zeros(SHAPE), masks["seen"],
                 masks["moving"], torch.zeros(SHAPE, dtype=torch.int32), masks["same"], torch.ones(SHAPE))  # fmt: skip


def _frames(colour):
    return torch.full((*SHAPE, 3), colour, dtype=torch.uint8)


NOTHING = torch.zeros(SHAPE, dtype=torch.bool)


@given(st.integers(0, 255), st.integers(0, 255))
def test_the_result_lies_between_what_is_remembered_and_what_is_generated(one, other):
    joined = blend_colours(_frames(one), NOTHING, _hints(other), NOTHING)
    assert min(one, other) <= int(joined.min()) and int(joined.max()) <= max(one, other)


def test_where_both_agree_memory_is_copied_and_where_they_differ_the_model_is():
    assert (blend_colours(_frames(100), NOTHING, _hints(104), NOTHING).float() - 104).abs().max() <= 1
    assert (blend_colours(_frames(100), NOTHING, _hints(250), NOTHING) == 100).all()


def test_nothing_is_copied_where_nothing_is_known_or_something_moves_or_the_light_has_changed():
    for hints in (_hints(104, seen=False), _hints(104, moving=True), _hints(104, same=False)):
        assert (blend_colours(_frames(100), NOTHING, hints, NOTHING) == 100).all()
    assert (blend_colours(_frames(100), ~NOTHING, _hints(104), NOTHING) == 100).all()


def test_what_was_painted_stays_where_the_model_differs_but_not_where_something_moves_or_the_light_has_changed():
    assert (blend_colours(_frames(100), NOTHING, _hints(250), ~NOTHING) == 250).all()
    for moving, hints in ((~NOTHING, _hints(250)), (NOTHING, _hints(250, same=False))):
        assert (blend_colours(_frames(100), moving, hints, ~NOTHING) == 100).all()


def test_a_moving_thing_that_goes_on_keeps_its_colours_while_the_light_is_the_same():
    assert (blend_colours(_frames(100), ~NOTHING, _hints(250, moving=True), NOTHING) == 250).all()
    assert (blend_colours(_frames(100), ~NOTHING, _hints(250, moving=True, same=False), NOTHING) == 100).all()
