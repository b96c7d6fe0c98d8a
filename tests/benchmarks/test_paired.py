import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))  # as for a program: it imports its neighbours
import paired
from machine import machine, machine_line

SETTINGS = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "finer": 1}


@pytest.mark.slow
def test_a_checkout_against_itself_gives_equal_bytes(monkeypatch):
    monkeypatch.setattr(paired, "ROUNDS", 2)
    monkeypatch.setattr(paired, "WORLD_STEPS", 2)
    made = paired.against(paired.HERE, 2, SETTINGS)
    assert made["equal_bytes"] and made["ms"] > 0 and made["before_ms"] > 0 and made["ratio_to_before"] > 0


def test_a_folder_without_the_package_is_refused(tmp_path):
    with pytest.raises(ValueError, match=f"--before must be a checkout of wm-gym, got {tmp_path}"):
        paired.against(tmp_path, 1, SETTINGS)


def test_the_line_about_the_machine_says_all_that_the_record_says():
    line = machine_line()
    assert all(str(value) in line for name, value in machine().items() if name != "load")
