import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from tqdm import tqdm

from wm_gym.agents.explorer import Explorer
from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.scenes.named import open_named
from wm_gym.world.world import World

_PATH = Path(__file__).parents[2] / "benchmarks" / "endurance.py"
_SPEC = importlib.util.spec_from_file_location("endurance", _PATH)
assert _SPEC is not None and _SPEC.loader is not None
endurance = importlib.util.module_from_spec(_SPEC)
sys.modules["endurance"] = endurance
sys.path.insert(0, str(_PATH.parent))  # as for a program: it imports its neighbours
_SPEC.loader.exec_module(endurance)


class LenientClassifier:
    """A classifier that passes every frame."""

    def passes(self, frames):
        return torch.ones(len(frames), dtype=torch.bool)


def figures_of(steps):
    """The figures of a walk through the memory backend."""
    world = World(MemoryOnlyModel.create(24, 32))
    opening = open_named(world.model.spec, "city/9", 0, "full")
    explorer = Explorer(opening.waypoints.numpy(), 0, 5)
    with tqdm(disable=True) as bar:
        made = endurance.Journey(world, opening, explorer, steps).run(bar, LenientClassifier())
    return endurance.with_ratios(made, steps)


@pytest.fixture(scope="module")
def figures():
    return figures_of(104)


def test_a_walk_has_figures_of_time_memory_and_images(figures):
    times = ("step_ms_50", "step_ms_104", "late_to_early_step_time")
    sizes = ("memory_bytes_50", "memory_bytes_104", "memory_bytes_ratio")
    assert {*times, *sizes, "sharpness_100", "sharpness_104", "tours"} <= set(figures)
    assert figures["memory_bytes_ratio"] == figures["memory_bytes_104"] / figures["memory_bytes_50"]
    assert figures["structure_100"] == 1.0 and figures["tours"] >= 2 and figures["farthest_metres"] > 0


def test_ratios_are_late_figures_over_early_ones():
    walked = {"sharpness_100": 8.0, "sharpness_500": 6.0, "structure_100": 0.0, "structure_500": 0.5}
    assert endurance.with_ratios(walked, 500) == walked | {"sharpness_ratio": 0.75}


def test_figures_that_a_short_walk_does_not_reach_are_left_out():
    short = figures_of(6)
    assert {name for name in short if name.startswith(("step_ms", "memory_bytes", "structure"))} == {
        "memory_bytes_6",
        "structure_6",
    }


def test_equal_walks_have_equal_figures(figures):
    def of_the_world(made):
        return {name: value for name, value in made.items() if not name.startswith(("step", "late", "peak"))}

    assert of_the_world(figures_of(104)) == of_the_world(figures)
