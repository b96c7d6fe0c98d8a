"""What bodies of one world see of one another and of the place agrees, in generated worlds and in the twin."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import bodies


@pytest.mark.parametrize(
    "backend", ["memory_only", *(pytest.param(one, marks=pytest.mark.slow) for one in ("video", "twin"))]
)
def test_a_body_is_drawn_where_its_pose_projects(backend):
    frames = []
    found = bodies.consistency(backend, "city/9", (48, 64), 8, frames)
    assert found["bodies_measured"] >= 5
    assert found["body_pixels"] < 0.5 and found["body_pixels_worst"] < 2.0 and found["body_metres"] < 0.1
    assert found["surface_pixels"] > 2000 and found["surface_psnr_db"] > 20 and found["surface_depth_error"] < 0.03
    assert found.get("walkers_apart_metres") in (None, 0.0)
    assert len(frames) == 8 * 4 and frames[0].shape == (48, 3 * 64, 3)
    assert bodies.sheet(frames, 4).shape == (4 * 48, 3 * 64, 3)
