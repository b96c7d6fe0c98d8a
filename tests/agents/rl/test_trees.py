"""Nested values as JSON and tensors, and back."""

import json
from collections import deque

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.agents.rl.trees import flatten, unflatten

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
)


def there_and_back(value):
    plain, tensors = flatten(value)
    return unflatten(json.loads(json.dumps(plain)), tensors)


@given(TREES)
@settings(deadline=None)
def test_a_nested_value_comes_back_as_it_was(tree):
    back = there_and_back(tree)
    assert back == tree and repr(back) == repr(tree)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bool", "uint8", "uint32", "int8", "int64"])
def test_arrays_come_back_with_their_type(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    back = there_and_back({"a": [array]})["a"][0]
    assert back.dtype == array.dtype and np.array_equal(back, array)


def test_random_numbers_go_on():
    rng = np.random.RandomState(3)
    state = there_and_back(rng.get_state())
    assert np.random.RandomState(0).rand() != rng.rand()
    other = np.random.RandomState(0)
    other.set_state(state)
    rng.set_state(state)
    assert other.rand() == rng.rand()


def test_tensors_and_deques_are_taken():
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])
    optimizer.param_groups[0]["params"][0].sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    back = there_and_back(state)
    assert torch.equal(back["state"][0]["exp_avg"], state["state"][0]["exp_avg"])
    assert back["param_groups"] == state["param_groups"]
    assert there_and_back(deque([1, 2])) == [1, 2] and there_and_back(np.float32(2)) == 2.0


def test_what_is_no_value_is_refused():
    with pytest.raises(ValueError, match="a value must be of JSON, an array, a tensor or bytes, got object"):
        flatten([object()])
