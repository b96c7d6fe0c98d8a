"""A new backend is its spec, its opening and its step: it steps, forks, saves and passes Gymnasium's checker."""

import re
import warnings

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from plain_models import Keyed, SolidColour

from wm_gym.backends.base import BaseModel
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.world import World
from wm_gym.world_model import ModelSpec, Opening, WorldModel

SIZE = 24, 32
SETTINGS = {"world": "city/9", "resolution": SIZE, "finer": 1}


def keyed_world():
    world = World(Keyed(*SIZE))
    lens = torch.tensor([20.0, 20.0, 16.0, 12.0])
    openings = [Opening(name, f"a {name}", lens, torch.zeros(1, 2)) for name in ("hall", "garden")]
    return world, world.start(openings, [1, 2])[0]


def forward(worlds):
    twists = np.zeros((worlds, 12, 4))
    twists[..., 0] = 1.0
    return twists


@pytest.mark.parametrize("model", [SolidColour, Keyed])
def test_gymnasium_finds_nothing_to_warn_of(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gym.make("wm_gym/Explore-v0", backend=f"plain_models:{model.__name__}", **SETTINGS)
        check_env(env.unwrapped, skip_render_check=True)
        env.close()


@pytest.mark.parametrize("model", [SolidColour(*SIZE), Keyed(*SIZE)])
def test_it_is_a_world_model(model):
    assert isinstance(model, WorldModel)


def test_a_step_is_as_long_as_the_spec_says_and_keys_steer_it():
    world, state = keyed_world()
    assert state.frame_index == (3, 3)
    state, outcome = world.step(state, forward(2))
    assert outcome.chunk.frames.shape == (2, 12, *SIZE, 3) and state.frame_index == (15, 15)
    assert outcome.chunk.frames[0, :, 0, 0, 0].tolist() == list(range(1, 13))
    assert outcome.chunk.depth.shape == (2, 12, *SIZE) and (outcome.chunk.depth > 0).all()


def test_each_latent_has_a_prompt_of_its_own():
    world, state = keyed_world()
    before = world.step(state, forward(2))[1].chunk.frames[0, :, 0, 0, 1].tolist()
    changed = state.schedule_event(0, "night falls", in_frames=5)
    after = world.step(changed, forward(2))[1].chunk.frames[0, :, 0, 0, 1].tolist()
    assert before[:4] == after[:4] and before[8:] != after[8:] and len(set(after[8:])) == 1


def test_references_are_frames_of_its_own_past():
    world, state = keyed_world()
    counts = []
    for _ in range(3):
        state, outcome = world.step(state, forward(2))
        counts.append(int(outcome.chunk.frames[0, -1, 0, 0, 2]))
    assert counts == [1, 2, 2]
    assert state.keyframes[0].frame_index.tolist() == [2, 14, 26, 38]


def test_forks_go_their_own_ways_and_files_bring_states_back():
    world, state = keyed_world()
    state, _ = world.step(state, forward(2))
    forks = world.select(state, [0, 0, 1])
    back, _ = from_bytes(to_bytes(state, world), world)
    twists = forward(3)
    twists[1] = 0
    walked, here = world.step(forks, twists)
    assert [int(one["walked"]) for one in walked.model] == [24, 12, 24]
    _, there = world.step(back, forward(2))
    assert torch.equal(here.chunk.frames[[0, 2]], there.chunk.frames)
    assert [world["name"] for world in back.model] == ["hall", "garden"]


def test_a_model_that_goes_by_keys_takes_no_twists():
    message = "action_mode must be 'discrete' or 'keys' for backend 'keyed', which goes by keys, got 'twist'"
    with pytest.raises(ValueError, match=re.escape(message)):
        gym.make("wm_gym/Explore-v0", backend="plain_models:Keyed", action_mode="twist", **SETTINGS)


def test_values_of_every_kind_come_back():
    model = SolidColour(*SIZE)
    value = {"a": [1, 2.5, None, True, "text"], "b": (torch.arange(3), {"c": torch.ones(2, 2)}), "d": ()}
    [back] = model.unpack(model.pack((value,)))
    assert back["a"] == value["a"] and back["d"] == () and isinstance(back["b"], tuple)
    assert torch.equal(back["b"][0], value["b"][0]) and torch.equal(back["b"][1]["c"], value["b"][1]["c"])
    with pytest.raises(TypeError, match="tensors, numbers and strings in lists, tuples and dicts, got set"):
        model.pack(({1, 2},))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rde": 3}, "settings of SolidColour must be among ['blue', 'green', 'red'], got 'rde'; did you mean 'red'?"),
        ({"wheels": 3}, "settings of SolidColour must be among ['blue', 'green', 'red'], got 'wheels'"),
    ],
)
def test_unknown_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SolidColour.create(*SIZE, **settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 0}, "height must be at least 1, got 0"),
        ({"frames_per_step": 10, "latents_per_step": 3}, "frames_per_step must be a multiple of latents_per_step (3)"),
        ({"opens_from": ()}, "opens_from must name what a world can open from, got nothing"),
    ],
)
def test_a_spec_that_contradicts_itself_is_refused(change, message):
    plain = {"name": "m", "height": 8, "width": 8, "frames_per_step": 4, "fps": 8.0}
    with pytest.raises(ValueError, match=re.escape(message)):
        ModelSpec(**(plain | change))


def test_a_model_without_a_spec_is_none():
    assert not isinstance(BaseModel(), WorldModel)
