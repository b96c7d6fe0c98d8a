import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

_FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def instructions():
    pytest.importorskip("transformers")
    sys.path.insert(0, str(_FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("instructions", _FOLDER / "instructions.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(_FOLDER))
    return module


def path(*poses):
    """(S + 1, 1, 5) from x, y and yaw in degrees."""
    return np.array([[[x, y, 0.0, np.radians(yaw), 0.0]] for x, y, yaw in poses])


@pytest.mark.parametrize(
    ("kind", "poses", "done"),
    [
        ("turn_left", path((0, 0, 0), (0, 0, 50)), True),
        ("turn_left", path((0, 0, 0), (0, 0, 40)), False),
        ("turn_left", path((0, 0, 170), (0, 0, -130)), True),
        ("turn_right", path((0, 0, 0), (0, 0, -50)), True),
        ("turn_right", path((0, 0, 0), (0, 0, 50)), False),
        ("backwards", path((0, 0, 90), (0, -2, 90)), True),
        ("backwards", path((0, 0, 90), (0, 2, 90)), False),
        ("fire", path((0, 0, 0), (4, 1, 0)), True),
        ("fire", path((0, 0, 0), (5, 0, 0), (9, 0, 0)), False),
    ],
)
def test_what_was_done_is_read_off_the_path(instructions, kind, poses, done):
    assert instructions.is_done(kind, poses, [(5.0, 0.0)]).tolist() == [done]


def test_a_body_moves_off_before_it_is_told_anything(instructions):
    assert [instructions._moving_off(step, 2) for step in range(6)] == ["S", "S", "S", "J", "J", ""]
