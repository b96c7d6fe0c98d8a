import torch

from wm_gym.memory.hints import Hints
from wm_gym.reconstruction.blend_moving import blend_moving

SHAPE = (1, 2, 4, 4)


def _hints(moving):
    seen, nothing = torch.ones(SHAPE, dtype=torch.bool), torch.zeros(SHAPE, dtype=torch.int32)
    mask = torch.full(SHAPE, moving)
    return Hints(
        torch.zeros(*SHAPE, 3, dtype=torch.uint8), torch.zeros(SHAPE), seen, mask, nothing, seen, seen.float(), ~seen
    )


def test_an_uncertain_outline_counts_only_on_tracked_objects():
    doubtful = torch.full(SHAPE, -0.2)
    assert blend_moving(doubtful, _hints(True)).all() and not blend_moving(doubtful, _hints(False)).any()


def test_the_model_can_start_and_stop_moving_objects():
    assert blend_moving(torch.ones(SHAPE), _hints(False)).all()
    assert not blend_moving(-torch.ones(SHAPE), _hints(True)).any()
