import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from small_server import same_world

from wm_gym.serving.seal import Seal
from wm_gym.serving.spaces import describe, space_of
from wm_gym.serving.wire import DTYPES, pack, unpack

ARRAYS = st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0)))


@given(ARRAYS)
def test_an_array_comes_back_with_its_type_and_shape(array):
    back = unpack(pack({"x": array}))["x"]
    assert back.dtype == array.dtype and back.shape == array.shape and back.tobytes() == array.tobytes()


@given(st.lists(st.binary() | st.text() | st.integers() | st.floats(allow_nan=False) | st.none() | st.booleans()))
def test_plain_values_come_back_as_they_were(values):
    assert unpack(pack(values)) == values


def test_numpys_numbers_stay_numpys():
    back = unpack(pack([np.float32(0.1), np.int64(3), np.bool_(True)]))
    assert [type(one) for one in back] == [np.float32, np.int64, np.bool_] and back[0] == np.float32(0.1)


def test_what_has_no_bytes_is_refused():
    with pytest.raises(TypeError, match="an array must be of"):
        pack(np.array(["x"]))


@pytest.mark.parametrize("obs_mode", ["rgb+depth+points+pose", "sb3"])
@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
def test_spaces_come_back_as_they_were(obs_mode, action_mode):
    env = same_world(obs_mode=obs_mode, action_mode=action_mode, num_points=8)
    for space in (env.observation_space, env.action_space):
        assert space_of(unpack(pack(describe(space)))) == space
    env.close()


def test_other_spaces_are_refused():
    with pytest.raises(TypeError, match="space must be a Dict, Box, MultiBinary or Discrete, got"):
        describe(gym.spaces.Text(3))
    with pytest.raises(ValueError, match="kind of a space must be"):
        space_of({"kind": "text"})


@given(st.binary(max_size=40), st.integers(0, 10**6))
def test_a_seal_opens_only_what_it_closed(data, place):
    seal, sealed = Seal("key"), bytearray(Seal("key").close(data))
    assert seal.open(bytes(sealed)) == data
    sealed[place % len(sealed)] ^= 1
    for other in (bytes(sealed), Seal("other").close(data), Seal().close(data), data):
        with pytest.raises(ValueError, match="a state must be one that a server with this state_key has saved"):
            seal.open(other)
