import torch

from wm_gym.backends.video.moving import joined_moving
from wm_gym.memory.hints import Hints

SHAPE = (1, 2, 4, 4)


def _hints(moving):
    seen, nothing = torch.ones(SHAPE, dtype=torch.bool), torch.zeros(SHAPE, dtype=torch.int32)
    mask = torch.full(SHAPE, moving)
    return Hints(torch.zeros(*SHAPE, 3, dtype=torch.uint8), torch.zeros(SHAPE), seen, mask, nothing, seen, seen.float())


def test_a_doubtful_outline_stays_with_what_was_moving_and_nowhere_else():
    doubtful = torch.full(SHAPE, -0.2)
    assert joined_moving(doubtful, _hints(True)).all() and not joined_moving(doubtful, _hints(False)).any()


def test_the_model_can_begin_and_end_what_moves():
    assert joined_moving(torch.ones(SHAPE), _hints(False)).all()
    assert not joined_moving(-torch.ones(SHAPE), _hints(True)).any()
