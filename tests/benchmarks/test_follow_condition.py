import importlib.util
import sys
from pathlib import Path

import pytest

_PATH = Path(__file__).parents[2] / "benchmarks" / "follow_condition.py"
_SPEC = importlib.util.spec_from_file_location("follow_condition", _PATH)
assert _SPEC is not None and _SPEC.loader is not None
follow_condition = importlib.util.module_from_spec(_SPEC)
sys.modules["follow_condition"] = follow_condition
_SPEC.loader.exec_module(follow_condition)


@pytest.fixture(scope="module")
def figures():
    return follow_condition.follow(36, 48)


def test_a_condition_passes_through_fewer_than_25_functions_of_the_model(figures):
    assert figures["model"] < 25, figures["visits"]


def test_the_way_leads_from_the_step_through_the_network_and_back(figures):
    names = [name.split()[1] for name in figures["visits"]]
    way = ["VideoModel.step", "steer", "VideoNetwork.forward", "attention", "SpaceToDepthCodec.decode", "write_mask"]
    assert [name for name in names if name in way] == way and names[0] == way[0]


def test_functions_that_are_given_nothing_of_the_condition_are_not_on_the_way(figures):
    assert figures["called"] > figures["package"] and "networks/arithmetic.py own_arithmetic" not in figures["visits"]
