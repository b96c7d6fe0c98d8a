"""Walls that no picture showed, where memory shows a room through them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wm_gym.completion.imagined import ContinuedPlan
from wm_gym.completion.stage import Draft, View
from wm_gym.completion.stages import CompletionConfig
from wm_gym.completion.state import CompletionState
from wm_gym.geometry.motion import camera_pose
from wm_gym.layout.cells import INDEX
from wm_gym.layout.growing import GrowthConfig
from wm_gym.layout.imagination import shipped_imagination
from wm_gym.memory.render import blank_hints
from wm_gym.world_model import Imagined

HEIGHT, WIDTH, WALL_METRES = 12, 16, 2.0


@pytest.fixture(scope="module")
def walled():
    """A read plan of a lawn and one long wall ahead."""
    imagination = shipped_imagination()
    plan = replace(imagination.opened(Imagined(0, "rooms")), blocks={}, windows=0, is_read=True)
    i, j = (cell // 8 * 8 for cell in plan.cell_at(WALL_METRES, 0.0))
    cells, objects = plan.region((i, j - 80), 8, 160)
    plan = plan.with_region((i, j - 80), np.full_like(cells, INDEX["solid"]), objects)
    cells, objects = plan.region((i - 80, j - 80), 160, 160)
    return imagination, plan.with_region((i - 80, j - 80), np.full_like(cells, INDEX["lawn"]), np.zeros_like(objects))


def seen_at(metres, *, from_behind=True, moving=False):
    """Hints (1, H, W) of one grey surface."""
    hints = blank_hints(1, 1, HEIGHT, WIDTH, torch.device("cpu")).of_world(0)
    everywhere = torch.ones_like(hints.seen)
    return replace(
        hints, seen=everywhere, log_depth=torch.full_like(hints.log_depth, metres).log(),
        colour=torch.full_like(hints.colour, 90), from_behind=everywhere & from_behind, moving=everywhere & moving,
    )  # fmt: skip


def completed(walled, hints):
    imagination, plan = walled
    stage = ContinuedPlan(imagination, GrowthConfig(), CompletionConfig())
    pose = torch.from_numpy(camera_pose(np.zeros((1, 5)))).float()
    view = View(pose, torch.tensor([12.0, 12.0, 8.0, 6.0]), 0, (0, 1, 2), "a corridor")
    return stage(Draft.of(hints, CompletionState(plan=plan)), view)


def test_a_wall_of_the_plan_hides_what_memory_has_behind_it_from_behind(walled):
    draft = completed(walled, seen_at(5.0))
    assert draft.completed.all() and not draft.hints.from_behind.any() and draft.hints.seen.all()
    assert (draft.hints.log_depth.exp() < 4.5).all()


@pytest.mark.parametrize(
    "hints", [seen_at(5.0, from_behind=False), seen_at(5.0, moving=True), seen_at(0.5)], ids=["front", "moving", "near"]
)
def test_what_memory_knows_better_stays(walled, hints):
    draft = completed(walled, hints)
    assert not draft.completed.any() and torch.equal(draft.hints.colour, hints.colour)
