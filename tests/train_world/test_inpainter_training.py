"""Training frames, batches with parts cut out, and an inpainter that is trained on them and can be resumed."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from wall_clip import wall_clip

from wm_gym.completion.conditioning import MOVING, SEEN
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.network import HIDDEN, KEPT, REVEALED
from wm_gym.completion.planes import flattened
from wm_gym.completion.weights import load_inpainter, save_inpainter
from wm_gym.train_world.inpainting.batches import HintAugmentation, draw_batch
from wm_gym.train_world.inpainting.objective import InpaintingObjectiveConfig, contrast, inpainting_loss, roles_of
from wm_gym.train_world.inpainting.preparing import _training_frames_of
from wm_gym.train_world.inpainting.sizes import inpainter_of
from wm_gym.train_world.inpainting.training_frames import INPAINTED, KIND_SHARES, TrainingFrames, training_frames_of
from wm_gym.train_world.recipes.inpainter import FitConfig, InpainterTrainConfig, inpainter_recipe
from wm_gym.train_world.trainer import train

TINY = InpainterConfig(
    height=16, width=24, depth_codes=8, colour_codes=16, dim=16, num_heads=2, num_layers=1, ffn_dim=16, code_dim=8,
    pixel_channels=4, cell_channels=8, decoder_channels=8, decoder_blocks=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def training_frames() -> TrainingFrames:
    return TrainingFrames.cat([training_frames_of(wall_clip(seed), seed) for seed in range(3)])


def _config(folder, **changes) -> InpainterTrainConfig:
    fixed = {"inpainter": TINY, "steps": 6, "batch": 3, "report_steps": 3, "bfloat16": False}
    return InpainterTrainConfig(
        output=str(folder), fit=FitConfig(training_frames=9, patches=200, rounds=3), **(fixed | changes)
    )


def _equal(one, other) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_training_frames_show_the_clip_and_hints_agree_with_it(training_frames):
    assert len(training_frames) > 3 and training_frames.frames.shape == (len(training_frames), 16, 24, 3)
    seen = (training_frames.hint_flags & 1) > 0
    still = seen & ~training_frames.moving & ((training_frames.hint_flags & 2) == 0)
    error = np.abs(np.exp(training_frames.hint_log_depth.astype(float)) - training_frames.depth) / training_frames.depth
    assert seen.any() and np.median(error[still]) < 0.2
    assert (training_frames.hint_colour[~seen] == 0).all() and (training_frames.hint_area[~seen] == 0).all()


def test_training_frames_follow_from_the_seed():
    one, again, *others = (training_frames_of(wall_clip(0), seed) for seed in (4, 4, *range(5, 15)))
    assert np.array_equal(one.hint_colour, again.hint_colour)
    assert not all(np.array_equal(one.frames, other.frames) for other in others)


def test_memories_integrate_what_an_inpainter_made(tmp_path):
    inpainter = Inpainter(TINY).eval()
    inpainter.codebook.colour.uniform_(-1, 1)
    save_inpainter(tmp_path / "memory.safetensors", inpainter)
    seed = next(s for s in range(99) if np.random.default_rng(s).choice(3, p=KIND_SHARES) == INPAINTED)
    plain, inpainted = (
        _training_frames_of(file, wall_clip(0), seed) for file in ("", str(tmp_path / "memory.safetensors"))
    )
    assert np.array_equal(plain.frames, inpainted.frames)
    assert not np.array_equal(plain.hint_colour, inpainted.hint_colour)


def test_a_batch_without_hints_keeps_its_truth_and_its_horizon(training_frames):
    whole = draw_batch(training_frames, TINY, HintAugmentation(nothing=0, strip=0, box=0, noise=0), 6, 0, 3)
    augmented = draw_batch(training_frames, TINY, HintAugmentation(nothing=1.0, noise=0), 6, 0, 3)
    assert torch.equal(whole.surface, augmented.surface) and torch.equal(whole.known[:, -1], augmented.known[:, -1])
    assert (augmented.known[:, :-1] == 0).all() and whole.known[:, SEEN].any()
    assert (whole.known[:, MOVING][whole.known[:, SEEN] == 0] == 0).all()


@given(st.integers(0, 30))
@settings(max_examples=15, deadline=None)
def test_of_the_inpainted_tokens_some_are_hidden_and_the_others_are_kept(number):
    made = TrainingFrames.cat([training_frames_of(wall_clip(0), 0)])
    batch = draw_batch(made, TINY, HintAugmentation(), 4, 0, number)
    painted = Inpainter(TINY).wanting(batch.known) | batch.everything[:, None]
    roles = roles_of(painted, batch)
    assert torch.equal(roles == KEPT, ~painted)
    assert ((roles == HIDDEN).any(1) == painted.any(1)).all() and (roles[painted] <= REVEALED).all()


def test_contrast_is_blind_to_direction_and_sees_blur():
    planes = torch.rand(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    soft = torch.nn.functional.avg_pool2d(planes, 3, 1, 1)
    torch.testing.assert_close(contrast(planes), contrast(-planes))
    assert contrast(soft).mean() < 0.6 * contrast(planes).mean()


def test_the_loss_of_a_batch_without_hidden_tokens_is_finite(training_frames):
    batch = draw_batch(training_frames, TINY, HintAugmentation(nothing=0, strip=0, box=0, everything=0), 2, 0, 0)
    batch.known[:, SEEN] = 1.0
    total, _ = inpainting_loss(Inpainter(TINY), batch, InpaintingObjectiveConfig())
    assert torch.isfinite(total)


def test_an_inpainter_learns_a_few_frames(training_frames, tmp_path):
    config = _config(tmp_path, steps=60, batch=6, learning_rate=5e-3, warmup=5, report_steps=20)
    train(inpainter_recipe(config, training_frames, training_frames))
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.8 * losses[0]
    assert load_inpainter(tmp_path / "inpainter.safetensors").config == TINY


def test_a_run_stops_when_its_time_is_over_and_goes_on_as_if_it_had_not(training_frames, tmp_path):
    whole = train(inpainter_recipe(_config(tmp_path / "whole", data_workers=3), training_frames))
    short = train(inpainter_recipe(_config(tmp_path / "parts", most_minutes=1e-9), training_frames))
    assert short.step == 1
    resumed = train(inpainter_recipe(_config(tmp_path / "parts"), training_frames))
    assert resumed.step == whole.step and _equal(resumed.network, whole.network)
    first, *_ = (tmp_path / "parts" / "log.jsonl").read_text().splitlines()
    assert json.loads(first)["step"] == 1


@pytest.mark.parametrize(("size", "millions"), [("1M", 1.0), ("3M", 3.3), ("10M", 10.2), ("30M", 30.4)])
def test_inpainters_have_as_many_parameters_as_their_size_says(size, millions):
    with torch.device("meta"):
        inpainter = Inpainter(inpainter_of(size))
    assert sum(p.numel() for p in inpainter.parameters()) / 1e6 == pytest.approx(millions, abs=0.06)


def test_a_size_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"size must be one of \['1M', '3M', '10M', '30M'\], got '2M'"):
        inpainter_of("2M")


def test_steps_of_depth_become_the_plane_that_they_stand_for():
    rows = np.arange(24, dtype=np.float32)[:, None] + 4
    floor = np.repeat(np.float32(60) / rows, 32, 1)
    steps = np.exp(np.round(np.log(floor) / 0.06) * 0.06).astype(np.float32)
    painted = np.zeros(floor.shape, bool)
    painted[:, 16:] = True
    flat = flattened(np.where(painted, steps, floor), painted, 100.0)
    assert np.array_equal(flat[~painted], floor[~painted])
    before, after = (np.abs(np.log(depth / floor))[painted].mean() for depth in (steps, flat))
    assert after < 0.8 * before


def test_sky_and_the_unknown_have_no_plane():
    depth = np.full((8, 8), 100.0, np.float32)
    depth[:, :4] = 0.0
    assert np.array_equal(flattened(depth, np.ones((8, 8), bool), 100.0), depth)
