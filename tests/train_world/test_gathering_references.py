"""A bank is gathered from what stands still, its views apart from one another, the same way every time."""

import re

import numpy as np
import pytest
from painted_wall import painted_wall

import wm_gym.train_world.painting.gathering as gathering
from wm_gym.backends.video.painting.references import References
from wm_gym.train_world.painting.gathering import GatherConfig, gather_references


class Clips:
    """A folder of recordings that holds painted walls."""

    def __init__(self, folder):
        self.folder = folder

    def __len__(self):
        return 6

    def clip(self, number):
        clip = painted_wall(number)
        clip.moving[:] = number == 5
        return clip


@pytest.fixture(autouse=True)
def _walls(monkeypatch):
    monkeypatch.setattr(gathering, "Recordings", Clips)
    monkeypatch.setattr(gathering, "STRIDE_FRAMES", 2)
    monkeypatch.setattr(gathering, "LEAST_METRES", 0.1)


def _config(tmp_path, **changes):
    return GatherConfig(**({"recordings": ["walls"], "output": str(tmp_path / "bank.npz"), "count": 8} | changes))


def test_a_bank_is_written_and_the_same_every_time(tmp_path):
    bank = gather_references(_config(tmp_path))
    assert 1 <= len(bank.frames) <= 8
    assert References.load(tmp_path / "bank.npz").hash() == bank.hash() == gather_references(_config(tmp_path)).hash()
    flat = bank.frames.reshape(len(bank.frames), -1)
    assert len(np.unique(flat, axis=0)) == len(flat)


def test_more_views_than_there_are_cannot_be_asked_for(tmp_path):
    with pytest.raises(ValueError, match=re.escape("views that there are, got 9999")):
        gather_references(_config(tmp_path, count=9999))


def test_a_view_that_stands_before_a_wall_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "LEAST_METRES", 90.0)
    with pytest.raises(ValueError, match=re.escape("at most the 0 views that there are, got 8")):
        gather_references(_config(tmp_path))
