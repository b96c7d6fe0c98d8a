import torch
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.memory.hints import Hints
from wm_gym.reconstruction.blend_colours import blend_colours

SHAPE = (1, 2, 6, 8)


def _hints(colour, **flags):
    masks = {name: torch.full(SHAPE, flags.get(name, name != "moving")) for name in ("seen", "moving", "same")}
    return Hints(torch.full((*SHAPE, 3), colour, dtype=torch.uint8), torch.zeros(SHAPE), masks["seen"],
                 masks["moving"], torch.zeros(SHAPE, dtype=torch.int32), masks["same"], torch.ones(SHAPE),
                 torch.zeros(SHAPE, dtype=torch.bool))  # fmt: skip


def _frames(colour):
    return torch.full((*SHAPE, 3), colour, dtype=torch.uint8)


NOTHING = torch.zeros(SHAPE, dtype=torch.bool)


@given(st.integers(0, 255), st.integers(0, 255))
def test_blended_colours_lie_between_the_remembered_and_the_generated_ones(one, other):
    joined = blend_colours(_frames(one), NOTHING, _hints(other), NOTHING)
    assert min(one, other) <= int(joined.min()) and int(joined.max()) <= max(one, other)


def test_agreeing_colours_come_from_memory_and_differing_ones_from_the_model():
    assert (blend_colours(_frames(100), NOTHING, _hints(104), NOTHING).float() - 104).abs().max() <= 1
    assert (blend_colours(_frames(100), NOTHING, _hints(250), NOTHING) == 100).all()


def test_memory_has_no_weight_where_it_is_unseen_or_moving_or_of_another_appearance():
    for hints in (_hints(104, seen=False), _hints(104, moving=True), _hints(104, same=False)):
        assert (blend_colours(_frames(100), NOTHING, hints, NOTHING) == 100).all()
    assert (blend_colours(_frames(100), ~NOTHING, _hints(104), NOTHING) == 100).all()


def test_completed_pixels_keep_their_colours_unless_something_moves_or_the_appearance_changed():
    assert (blend_colours(_frames(100), NOTHING, _hints(250), ~NOTHING) == 250).all()
    for moving, hints in ((~NOTHING, _hints(250)), (NOTHING, _hints(250, same=False))):
        assert (blend_colours(_frames(100), moving, hints, ~NOTHING) == 100).all()


def test_a_tracked_moving_object_keeps_its_colours_under_the_same_appearance():
    assert (blend_colours(_frames(100), ~NOTHING, _hints(250, moving=True), NOTHING) == 250).all()
    assert (blend_colours(_frames(100), ~NOTHING, _hints(250, moving=True, same=False), NOTHING) == 100).all()
