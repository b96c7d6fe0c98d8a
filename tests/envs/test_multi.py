"""PettingZoo's own suites on each of its ids, every warning an error."""

import warnings
from functools import partial
from importlib import import_module
from types import SimpleNamespace

import pettingzoo
import pytest
from pettingzoo.test import api_test, max_cycles_test, parallel_api_test, parallel_seed_test, render_test, seed_test

import wm_gym.envs.multi
from wm_gym.envs.multi.making import IDS

SMALL = {"world": "city/9", "resolution": (36, 48), "finer": 1, "num_agents": 3}
BACKENDS = [
    pytest.param(backend, marks=() if backend == "memory_only" else pytest.mark.slow)
    for backend in ("memory_only", "video", "twin")
]


@pytest.fixture(params=IDS)
def module(request):
    return import_module(f"wm_gym.envs.multi.{request.param}_v0")


@pytest.mark.parametrize("backend", BACKENDS)
def test_pettingzoo_finds_nothing_to_warn_of(module, backend, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    settings = SMALL | {"backend": backend}
    many = partial(module.parallel_env, **settings, obs_mode="rgb+depth+pose")
    # where observations are dicts the suite of the other kind of environment warns of every one
    turns = partial(module.env, **settings, obs_mode="rgb", bare="rgb")
    bare = SimpleNamespace(parallel_env=many, env=turns)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(env := many(max_cycles=5), num_cycles=8)
        env.close()
        parallel_seed_test(partial(many, max_cycles=5), num_cycles=4)
        api_test(env := turns(max_cycles=5), num_cycles=12)
        env.close()
        seed_test(partial(turns, max_cycles=3), num_cycles=4)
        max_cycles_test(bare)
        render_test(turns)


def test_each_id_is_made_by_its_name(module):
    name = module.__name__.rpartition(".")[2]
    made_id = "wm_gym/" + name.replace("_v0", "-v0")
    assert made_id in IDS.values()
    for kind, bounds in (("parallel", pettingzoo.ParallelEnv), ("aec", pettingzoo.AECEnv)):
        env = pettingzoo.make(kind, made_id, backend="memory_only", **SMALL)
        assert isinstance(env, bounds) and str(env.unwrapped) == name and len(env.possible_agents) == 3
        env.close()


def test_what_acts_in_turn_comes_to_the_same_as_what_acts_at_once():
    settings = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "finer": 1}
    turns, many = wm_gym.aec_env(2, task="tag", **settings), wm_gym.parallel_env(2, task="tag", **settings)
    turns.reset(seed=4)
    many.reset(seed=4)
    for _ in range(3):
        _, rewards, *_ = many.step({"agent_0": 1, "agent_1": 6})
        for action in (1, 6):
            turns.step(action)
        assert {agent: turns.rewards[agent] for agent in turns.agents} == rewards
    turns.close()
    many.close()
