import subprocess
import sys
from pathlib import Path

import pytest
from layers import circles, lines_by_room, violations

import wm_gym

PACKAGE = Path(wm_gym.__file__).parent
MOST_OF_THE_HOUSE = 0.3

OPENS_A_WORLD = """
import sys
import gymnasium
import wm_gym
env = gymnasium.make("wm_gym/Explore-v0", backend="video", world="city/9", finer=1)
env.reset(seed=0)
env.step(1)
print([name for name in sys.modules if name.startswith("wm_gym.backends.twin") or name == "vizdoom"])
"""


def planted(tmp_path, module, source):
    """What the checker finds in a package with one module of this source."""
    file = tmp_path / "wm_gym" / f"{module.replace('.', '/')}.py"
    file.parent.mkdir(parents=True)
    file.write_text(source)
    return [str(found).removeprefix(f"{file}:") for found in violations(tmp_path / "wm_gym")]


def test_every_module_imports_only_from_lower_floors():
    found = violations(PACKAGE)
    assert not found, "\n".join(map(str, found))


def test_no_module_imports_itself_in_the_end():
    assert not circles(PACKAGE), "these modules import each other"


def test_no_room_holds_more_than_a_third_of_the_house():
    lines = lines_by_room(PACKAGE)
    shares = {room: count / sum(lines.values()) for room, count in lines.items()}
    assert max(shares.values()) <= MOST_OF_THE_HOUSE, shares


def test_importing_the_package_and_a_generated_world_loads_nothing_of_the_simulator():
    run = subprocess.run([sys.executable, "-c", OPENS_A_WORLD], capture_output=True, text=True, check=False)
    assert run.returncode == 0 and run.stdout.strip() == "[]", run.stdout + run.stderr


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
            "memory.fusion",
            "import wm_gym.reconstruction",
            "1: memory (floor 2) must not import reconstruction (floor 4): only lower floors",
        ),
        (
            "world.world",
            "from wm_gym import envs",
            "1: world (floor 7) must not import envs (floor 8): only lower floors",
        ),
        (
            "train_world.record",
            "def f():\n    from wm_gym.envs import tasks",
            "2: train_world (floor 8) must not import envs (floor 8): only lower floors",
        ),
        (
            "agents.plan",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from wm_gym.evaluation import pictures",
            "3: agents (floor 9) must not import evaluation (floor 9.5): only lower floors",
        ),
        (
            "envs.score",
            "from ..agents.tour import Tour",
            "1: envs (floor 8) must not import agents (floor 9): only lower floors",
        ),
        (
            "backends.video.model",
            "from ..twin import maps",
            "1: in backends, video (floor 1) must not import twin (floor 1): only lower floors",
        ),
        (
            "backends.memory_only",
            "from .twin.model import TwinModel",
            "1: in backends, memory_only (floor 1) must not import twin (floor 1): only lower floors",
        ),
        (
            "world.late",
            "from importlib import import_module\nimport_module('wm_gym.envs.tasks')",
            "2: world (floor 7) must not import envs (floor 8): only lower floors",
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


def test_a_planted_circle_is_found(tmp_path):
    room = tmp_path / "wm_gym" / "memory"
    room.mkdir(parents=True)
    (room / "a.py").write_text("from wm_gym.memory import b")
    (room / "b.py").write_text("from wm_gym.memory.c import f")
    (room / "c.py").write_text("def f():\n    from wm_gym.memory import a")
    (room / "d.py").write_text("from wm_gym.memory import a")
    assert circles(tmp_path / "wm_gym") == [["memory.a", "memory.b", "memory.c"]]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("cli", "from wm_gym.envs import tasks\nfrom wm_gym.agents import tour"),
        ("world.world", "from wm_gym.world_model import Chunk\nfrom wm_gym.geometry import poses"),
        ("world.state", "from wm_gym import __version__\nfrom .files import write"),
        ("train_world.record", "from wm_gym.world.world import World"),
        ("backends.twin.model", "from wm_gym.world_model import Chunk\nfrom .maps import plan"),
        ("agents.tour", "import numpy\nfrom wm_gym.envs import tasks"),
    ],
)
def test_what_is_allowed_is_not_reported(tmp_path, module, source):
    assert planted(tmp_path, module, source) == []
