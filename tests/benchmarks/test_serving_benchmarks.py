"""Figures of the benchmarks of serving, on series of which they are known."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("websockets")

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from page import flow, share_at
from soak import memory_figures


def test_memory_that_grows_is_told_and_memory_that_stays_is_flat():
    flat = memory_figures([(float(n), 500.0) for n in range(100)])
    assert flat["memory_ratio"] == 1.0 and flat["memory_slope_mb_per_hour"] == pytest.approx(0, abs=1e-6)
    growing = memory_figures([(float(n), 500.0 + n) for n in range(100)])
    assert growing["memory_ratio"] > 1.1 and growing["memory_slope_mb_per_hour"] == pytest.approx(3600)


def test_pictures_that_come_in_time_are_no_stall():
    assert flow([100.0 * n for n in range(50)], 10.0) == {"shown_fps": pytest.approx(10), "unstalled_share": 1.0}
    late = flow([*(100.0 * n for n in range(10)), 1900.0], 10.0)
    assert late["unstalled_share"] == pytest.approx(0.9 / 1.9) and late["shown_fps"] == pytest.approx(10 / 1.9)
    assert flow([5.0], 10.0) == {"shown_fps": 0.0, "unstalled_share": 0.0}


def test_a_share_of_values_lies_under_its_quantile():
    assert share_at([float(n) for n in range(100)], 0.95) == 95.0 and share_at([3.0], 0.95) == 3.0
