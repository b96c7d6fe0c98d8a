from pathlib import Path

import pytest
from layers import violations

import wm_gym

PACKAGE = Path(wm_gym.__file__).parent


def planted(tmp_path, module, source):
    """What the checker finds in a package with one module of this source."""
    file = tmp_path / "wm_gym" / f"{module.replace('.', '/')}.py"
    file.parent.mkdir(parents=True)
    file.write_text(source)
    return [str(found).removeprefix(f"{file}:") for found in violations(tmp_path / "wm_gym")]


def test_every_module_imports_only_from_lower_floors():
    found = violations(PACKAGE)
    assert not found, "\n".join(map(str, found))


def test_the_doors_at_the_root_lead_into_the_package():
    root = PACKAGE.parent
    for door in ("agents", "backends", "envs", "train_world"):
        link = root / door
        assert link.is_symlink() and link.readlink() == Path("wm_gym") / door


@pytest.mark.parametrize(
    ("module", "source", "rule"),
    [
        (
            "geometry.poses",
            "import os\nfrom wm_gym.memory.hints import Hints",
            "2: geometry (floor 1) must not import memory (floor 2): only lower floors",
        ),
        (
            "reconstruction.fusion",
            "import wm_gym.memory",
            "1: reconstruction (floor 2) must not import memory (floor 2): only lower floors",
        ),
        (
            "world.world",
            "from wm_gym import envs",
            "1: world (floor 4) must not import envs (floor 5): only lower floors",
        ),
        (
            "train_world.record",
            "def f():\n    from wm_gym.envs import tasks",
            "2: train_world (floor 5) must not import envs (floor 5): only lower floors",
        ),
        (
            "agents.plan",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from wm_gym.serving import page",
            "3: agents (floor 6) must not import serving (floor 6): only lower floors",
        ),
        (
            "evaluation.score",
            "from ..agents.tour import Tour",
            "1: evaluation (floor 6) must not import agents (floor 6): only lower floors",
        ),
        ("backends.video.model", "from ..twin import maps", "1: backends.video must not import backends.twin"),
        ("backends.memory", "from .twin.model import TwinModel", "1: backends.memory must not import backends.twin"),
        (
            "world.late",
            "from importlib import import_module\nimport_module('wm_gym.envs.tasks')",
            "2: world (floor 4) must not import envs (floor 5): only lower floors",
        ),
        ("envs.play", "from wm_gym import cli", "1: envs must not import the door 'cli'"),
        (
            "common.things",
            "import wm_gym.geometry",
            "1: 'common' is no room of wm_gym: name its floor in tests/layers.py",
        ),
    ],
)
def test_a_planted_violation_is_found(tmp_path, module, source, rule):
    assert planted(tmp_path, module, source) == [rule]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("cli", "from wm_gym.envs import tasks\nfrom wm_gym.agents import tour"),
        ("world.world", "from wm_gym.backends.seam import Chunk\nfrom wm_gym.geometry import poses"),
        ("world.state", "from wm_gym import __version__\nfrom .files import write"),
        ("train_world.record", "from wm_gym.world.world import World"),
        ("backends.twin.model", "from wm_gym.backends.seam import Chunk\nfrom .maps import plan"),
        ("agents.tour", "import numpy\nfrom wm_gym.envs import tasks"),
    ],
)
def test_what_is_allowed_is_not_reported(tmp_path, module, source):
    assert planted(tmp_path, module, source) == []
