"""References: the most fitting view is found, what is known stays, and what goes on has the colours of the place."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.backends.video.model import VideoModel
from wm_gym.backends.video.painting.continuing import ContinueConfig, continued
from wm_gym.backends.video.painting.frame import without_cracks
from wm_gym.backends.video.painting.known import KNOWN_CHANNELS, MOVING, SAME, SEEN, surface_planes
from wm_gym.backends.video.painting.references import References

SIZE = 16, 24
REACH = 0.2, 100.0


def views(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of colour before walls at some distance."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(40, 215, (count, 2, 3, 3)).repeat(8, 1).repeat(8, 2)
    metres = rng.uniform(1, 20, (count, 2, 3)).repeat(8, 1).repeat(8, 2)
    return blocks.astype(np.uint8), metres


def bank(count: int = 12) -> References:
    return References.of(*views(count), *REACH)


def knowing(planes: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """(1, KNOWN_CHANNELS, H, W) of planes (4, H, W) where they are seen (H, W)."""
    known = torch.zeros(1, KNOWN_CHANNELS, *SIZE)
    known[0, :4], known[0, SEEN], known[0, SAME], known[0, MOVING] = planes, 1.0, 1.0, -1.0
    known *= seen
    known[:, -1] = 0.5
    return known


def left_half() -> torch.Tensor:
    seen = torch.zeros(SIZE, dtype=torch.bool)
    seen[:, : SIZE[1] // 2] = True
    return seen


@given(st.integers(0, 23))
@settings(max_examples=24, deadline=None)
def test_a_view_is_nearest_to_itself_and_to_half_of_itself(row):
    references = bank()
    planes = references.planes(torch.tensor([row]))[0]
    for seen in (torch.ones(SIZE, dtype=torch.bool), left_half()):
        assert int(references.nearest(knowing(planes, seen), 3)[0]) == row


def test_the_second_half_of_a_bank_is_seen_in_a_mirror():
    references = bank(5)
    assert len(references) == 10
    whole = references.planes(torch.arange(10))
    assert torch.equal(whole[5:], whole[:5].flip(-1))


def test_a_bank_comes_back_from_its_file_to_the_byte(tmp_path):
    references = bank()
    references.save(tmp_path / "bank.npz")
    back = References.load(tmp_path / "bank.npz")
    assert back.hash() == references.hash() and back.hash() != bank(11).hash()
    colour, metres = views(12)
    truth = surface_planes(torch.from_numpy(colour), torch.from_numpy(metres), *REACH)
    assert (back.planes(torch.arange(12)) - truth)[:, :3].abs().max() < 4 / 127.5
    assert (back.planes(torch.arange(12)) - truth)[:, 3].abs().max() < 1 / 255 + 1e-6


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "bank.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=re.escape(f"{path} must be a bank of references (.npz), got a file that")):
        References.load(path)


def test_what_is_known_stays_and_the_rest_goes_on_as_the_view_that_fits():
    references = bank()
    planes = references.planes(torch.tensor([4]))[0]
    known = knowing(planes, left_half())
    filled = continued(references, known, ContinueConfig(temperature=0.0), [0])
    assert torch.equal(filled[..., : SIZE[1] // 2], known[..., : SIZE[1] // 2])
    assert torch.equal(filled[:, -1], known[:, -1]) and (filled[:, SEEN] == 1).all() and (filled[:, MOVING] == -1).all()
    torch.testing.assert_close(filled[0, :4], planes, rtol=0, atol=1e-5)


@given(st.floats(-0.3, 0.3))
@settings(max_examples=20, deadline=None)
def test_a_place_in_another_light_goes_on_in_that_light(shift):
    references = bank()
    planes = references.planes(torch.tensor([4]))[0]
    lit = planes.clone()
    lit[:3] += shift
    filled = continued(references, knowing(lit, left_half()), ContinueConfig(temperature=0.0, shift=1.0), [0])
    torch.testing.assert_close(filled[0, :3], lit[:3].clamp(-1, 1), rtol=0, atol=1e-4)


def test_where_nothing_is_known_some_view_is_taken_as_it_is_and_which_follows_from_the_seed():
    references, nothing = bank(), knowing(torch.zeros(4, *SIZE), torch.zeros(SIZE, dtype=torch.bool))
    config = ContinueConfig(candidates=24)
    made = [continued(references, nothing, config, [seed]) for seed in (1, 1, 2, 3, 4)]
    assert torch.equal(made[0], made[1]) and not all(torch.equal(made[0], other) for other in made[2:])
    whole = references.planes(torch.arange(24))
    assert (whole - made[0][:, :4]).abs().amax((1, 2, 3)).min() < 1e-6


def test_a_bank_is_part_of_what_a_world_is_and_must_be_of_its_size(tmp_path):
    bank().save(tmp_path / "bank.npz")
    with pytest.raises(ValueError, match=re.escape("must be views of 48 x 64, got 16 x 24")):
        VideoModel.create(48, 64, references=str(tmp_path / "bank.npz"))
    shipped, without = VideoModel.create(48, 64), VideoModel.create(48, 64, references="none")
    assert shipped.references is not None and without.references is None
    assert shipped.spec.weights != without.spec.weights


def test_cracks_are_left_to_be_healed_and_what_comes_into_view_is_not():
    unseen = torch.zeros(1, 12, 16, dtype=torch.bool)
    unseen[0, 3, 2:9], unseen[0, 5:7, 4], unseen[0, 9, 9] = True, True, True
    assert not without_cracks(unseen).any()
    strip = unseen.clone()
    strip[..., 10:] = True
    assert torch.equal(without_cracks(strip), torch.arange(16).expand(1, 12, 16) >= 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"candidates": 0}, "candidates must be at least 1, got 0"),
        ({"temperature": -1.0}, "temperature must not be negative, got -1.0"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ContinueConfig(**change)
