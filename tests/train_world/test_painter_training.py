"""Views, torn batches, and a painter that learns from them and can be gone on with."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from painted_wall import painted_wall

from wm_gym.backends.video.painting.config import PainterConfig
from wm_gym.backends.video.painting.known import MOVING, SEEN
from wm_gym.backends.video.painting.network import HIDDEN, KEPT, REVEALED
from wm_gym.backends.video.painting.painter import Painter
from wm_gym.backends.video.painting.planes import flattened
from wm_gym.backends.video.weights import load_painter, save_painter
from wm_gym.train_world.painting.batches import TearConfig, draw_batch
from wm_gym.train_world.painting.objective import PaintObjectiveConfig, contrast, paint_loss, roles_of
from wm_gym.train_world.painting.preparing import _views_of
from wm_gym.train_world.painting.sizes import painter_of
from wm_gym.train_world.painting.training import FitConfig, PaintTrainConfig, train_painter
from wm_gym.train_world.painting.views import KIND_SHARES, PAINTED, Views, views_of

TINY = PainterConfig(
    height=16, width=24, depth_codes=8, colour_codes=16, dim=16, num_heads=2, num_layers=1, ffn_dim=16, code_dim=8,
    pixel_channels=4, cell_channels=8, finisher_channels=8, finisher_blocks=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def views() -> Views:
    return Views.cat([views_of(painted_wall(seed), seed) for seed in range(3)])


def _config(folder, **changes) -> PaintTrainConfig:
    fixed = {"painter": TINY, "steps": 6, "batch": 3, "report_steps": 3, "bfloat16": False}
    return PaintTrainConfig(output=str(folder), fit=FitConfig(views=9, patches=200, rounds=3), **(fixed | changes))


def _equal(one, other) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_views_show_the_clip_and_hints_that_agree_with_it(views):
    assert len(views) > 3 and views.frames.shape == (len(views), 16, 24, 3)
    seen = (views.hint_flags & 1) > 0
    still = seen & ~views.moving & ((views.hint_flags & 2) == 0)
    error = np.abs(np.exp(views.hint_log_depth.astype(float)) - views.depth) / views.depth
    assert seen.any() and np.median(error[still]) < 0.2
    assert (views.hint_colour[~seen] == 0).all() and (views.hint_area[~seen] == 0).all()


def test_views_follow_from_the_seed():
    one, again, *others = (views_of(painted_wall(0), seed) for seed in (4, 4, *range(5, 15)))
    assert np.array_equal(one.hint_colour, again.hint_colour)
    assert not all(np.array_equal(one.frames, other.frames) for other in others)


def test_memories_take_in_by_the_hand_of_a_painter(tmp_path):
    painter = Painter(TINY).eval()
    painter.codebook.colour.uniform_(-1, 1)
    save_painter(tmp_path / "hand.safetensors", painter)
    seed = next(s for s in range(99) if np.random.default_rng(s).choice(3, p=KIND_SHARES) == PAINTED)
    plain, by_hand = (_views_of(hand, painted_wall(0), seed) for hand in ("", str(tmp_path / "hand.safetensors")))
    assert np.array_equal(plain.frames, by_hand.frames)
    assert not np.array_equal(plain.hint_colour, by_hand.hint_colour)


def test_a_torn_batch_keeps_its_truth_and_its_horizon(views):
    whole = draw_batch(views, TINY, TearConfig(nothing=0, strip=0, box=0, noise=0), 6, 0, 3)
    torn = draw_batch(views, TINY, TearConfig(nothing=1.0, noise=0), 6, 0, 3)
    assert torch.equal(whole.surface, torn.surface) and torch.equal(whole.known[:, -1], torn.known[:, -1])
    assert (torn.known[:, :-1] == 0).all() and whole.known[:, SEEN].any()
    assert (whole.known[:, MOVING][whole.known[:, SEEN] == 0] == 0).all()


@given(st.integers(0, 30))
@settings(max_examples=15, deadline=None)
def test_of_what_is_to_be_painted_some_stays_hidden_and_the_rest_is_kept(number):
    made = Views.cat([views_of(painted_wall(0), 0)])
    batch = draw_batch(made, TINY, TearConfig(), 4, 0, number)
    painted = Painter(TINY).wanting(batch.known) | batch.everything[:, None]
    roles = roles_of(painted, batch)
    assert torch.equal(roles == KEPT, ~painted)
    assert ((roles == HIDDEN).any(1) == painted.any(1)).all() and (roles[painted] <= REVEALED).all()


def test_contrast_is_blind_to_direction_and_sees_blur():
    planes = torch.rand(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    soft = torch.nn.functional.avg_pool2d(planes, 3, 1, 1)
    torch.testing.assert_close(contrast(planes), contrast(-planes))
    assert contrast(soft).mean() < 0.6 * contrast(planes).mean()


def test_the_loss_of_a_batch_without_anything_to_paint_is_finite(views):
    batch = draw_batch(views, TINY, TearConfig(nothing=0, strip=0, box=0, everything=0), 2, 0, 0)
    batch.known[:, SEEN] = 1.0
    total, _ = paint_loss(Painter(TINY), batch, PaintObjectiveConfig())
    assert torch.isfinite(total)


def test_a_painter_learns_its_few_views(views, tmp_path):
    config = _config(tmp_path, steps=60, batch=6, learning_rate=5e-3, warmup=5, report_steps=20)
    train_painter(config, views, views)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.8 * losses[0]
    assert load_painter(tmp_path / "painter.safetensors").config == TINY


def test_an_interrupted_run_ends_as_one_in_one_go(views, tmp_path, monkeypatch):
    whole = train_painter(_config(tmp_path / "whole"), views, None)
    import wm_gym.train_world.painting.training as module

    def stop_at_three(*given):
        if given[-1] == 4:
            raise KeyboardInterrupt
        return draw_batch(*given)

    monkeypatch.setattr(module, "draw_batch", stop_at_three)
    with pytest.raises(KeyboardInterrupt):
        train_painter(_config(tmp_path / "parts"), views, None)
    monkeypatch.undo()
    resumed = train_painter(_config(tmp_path / "parts"), views, None)
    assert resumed.step == whole.step and _equal(resumed.network, whole.network)


def test_a_run_stops_when_its_time_is_over_and_goes_on_as_if_it_had_not(views, tmp_path):
    whole = train_painter(_config(tmp_path / "whole", drawers=3), views, None)
    short = train_painter(_config(tmp_path / "parts", most_minutes=1e-9), views, None)
    assert short.step == 1
    resumed = train_painter(_config(tmp_path / "parts"), views, None)
    assert resumed.step == whole.step and _equal(resumed.network, whole.network)
    first, *_ = (tmp_path / "parts" / "log.jsonl").read_text().splitlines()
    assert json.loads(first)["step"] == 1


@pytest.mark.parametrize(("size", "millions"), [("1M", 1.0), ("3M", 3.3), ("10M", 10.2), ("30M", 30.4)])
def test_painters_have_as_many_parameters_as_their_size_says(size, millions):
    with torch.device("meta"):
        painter = Painter(painter_of(size))
    assert sum(p.numel() for p in painter.parameters()) / 1e6 == pytest.approx(millions, abs=0.06)


def test_a_size_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"size must be one of \['1M', '3M', '10M', '30M'\], got '2M'"):
        painter_of("2M")


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
