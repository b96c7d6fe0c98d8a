"""Several bodies in one world, by PettingZoo's own checkers and by what sharing a world means."""

import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test, parallel_seed_test

import wm_gym
from wm_gym.envs.body_starts import draw_starts
from wm_gym.events.kinds import KINDS

SEED_WITH_A_CLEAR_WAY = 6
SMALL = {"world": "city/9", "resolution": (24, 32), "finer": 1, "obs_mode": "rgb+pose"}


def make(num_agents=2, **settings):
    return wm_gym.parallel_env(num_agents, **{"backend": "memory_only"} | SMALL | settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"task": "point_goal", "max_episode_steps": 6, "obs_mode": "rgb+depth+points+pose"},
        {"backend": "video", "resolution": (36, 48), "max_episode_steps": 3, "action_mode": "keys"},
        pytest.param({"backend": "twin", "max_episode_steps": 3, "action_mode": "twist"}, marks=pytest.mark.slow),
    ],
    ids=["memory_only", "video", "twin"],
)
def test_pettingzoo_finds_nothing_to_warn_of(settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(env := make(3, **settings), num_cycles=20)
        env.close()
        parallel_seed_test(lambda: make(2, **settings), num_cycles=4)


def test_bodies_start_apart_and_share_one_memory():
    env = make(4)
    observations, infos = env.reset(seed=3)
    places = np.stack([observations[agent]["pose"][:2] for agent in env.agents])
    gaps = np.linalg.norm(places[:, None] - places, axis=-1)[np.triu_indices(4, 1)]
    assert gaps.min() >= 1.2 and len(env.shared.world.memories) == 1
    assert not np.array_equal(observations["agent_0"]["rgb"], observations["agent_1"]["rgb"])
    told = np.linalg.norm(infos["agent_0"]["other_bodies"], axis=1)
    np.testing.assert_allclose(told, gaps[:3], rtol=1e-5)
    ahead, left = infos["agent_1"]["other_bodies"][0]
    assert ahead > 0 and abs(left) < 1e-3, "others look at the first"
    env.close()


def test_what_one_body_sees_the_others_remember():
    counts = []
    for walking in (0, 1):
        env = make(2, backend="video", resolution=(36, 48))
        env.reset(seed=3)
        before = env.shared.world.memories[0].num_static
        for _ in range(20):
            *_, infos = env.step({"agent_0": 0, "agent_1": walking})
        assert min(info["trust"] for info in infos.values()) > 0.8, "frames agree with what memory knows at each start"
        seen_by_the_first = env.shared.states["agent_0"].world.memories[0]
        assert seen_by_the_first is env.shared.states["agent_1"].world.memories[0] is env.shared.world.memories[0]
        counts.append(seen_by_the_first.num_static - before)
        env.close()
    assert counts[1] > counts[0]


def test_bodies_stop_one_another():
    env = make(2, action_mode="twist", body={"radius_metres": 0.4})
    _, infos = env.reset(seed=SEED_WITH_A_CLEAR_WAY)
    for _ in range(30):
        towards = {agent: infos[agent]["other_bodies"][0] for agent in env.agents}
        turns = {agent: float(np.clip(np.arctan2(left, ahead), -0.3, 0.3)) for agent, (ahead, left) in towards.items()}
        *_, infos = env.step({agent: np.array([1.0, 0.0, turn, 0.0]) for agent, turn in turns.items()})
        gap = np.linalg.norm(infos["agent_0"]["other_bodies"][0])
        assert gap >= 0.8 - 1e-6
    assert gap < 1.4 and any(env.shared.states[agent].outcome.collided[0] for agent in env.agents)
    env.close()


def test_one_body_in_a_parallel_environment_is_stopped_by_nothing_new():
    env = make(1)
    observations, _ = env.reset(seed=3)
    observations, *_ = env.step({"agent_0": 1})
    np.testing.assert_allclose(observations["agent_0"]["pose"][:3], [0.5, 0.0, 0.0], atol=1e-6)
    env.close()


def test_events_are_of_the_world_and_reach_all_bodies():
    env = make(2)
    env.reset(seed=0, options={"events": [{"at": 0, "text": "a band plays music"}]})
    env.trigger_event("fog rolls in")
    *_, infos = env.step(dict.fromkeys(env.agents, 0))
    assert [info["event_kind"][:3].tolist() for info in infos.values()] == [[len(KINDS), 1, -1]] * 2
    assert [event["text"] for event in env.events()] == ["a band plays music", "fog rolls in"]
    env.stop_event("a band plays music")
    *_, infos = env.step(dict.fromkeys(env.agents, 0))
    assert [info["event_kind"][:2].tolist() for info in infos.values()] == [[1, -1]] * 2
    env.close()


def test_who_has_ended_leaves_and_the_others_go_on():
    env = make(3, task="counting:Count", render_mode="rgb_array")
    env.reset(seed=1)
    while len(env.agents) > 1:
        acting = list(env.agents)
        *_, ends, _, infos = env.step(dict.fromkeys(acting, 0))
        assert set(ends) == set(infos) == set(acting) and env.agents == [one for one in acting if not ends[one]]
    if env.agents:
        assert env.render().shape == (24, 32, 3)
        *_, infos = env.step({env.agents[0]: 0})
        (info,) = infos.values()
        assert np.isnan(info["other_bodies"]).all() and info["other_bodies"].shape == (2, 2)
    env.close()


@pytest.mark.parametrize(
    ("do", "error", "message"),
    [
        (lambda: make(0), ValueError, "num_agents must be at least 1, got 0"),
        (
            lambda: make(render_mode="ansi"),
            ValueError,
            "render_mode of several bodies must be None or one of ['rgb_array', 'human'], got 'ansi'",
        ),
        (lambda: make().step({}), RuntimeError, "the environment must be reset before it is used"),
        (
            lambda: _reset().step({"agent_0": 0}),
            ValueError,
            "actions must be for ['agent_0', 'agent_1'], got ['agent_0']",
        ),
        (
            lambda: make().reset(options={"state": b""}),
            ValueError,
            "option 'state' must be left out of an environment of several bodies, got one",
        ),
    ],
)
def test_bad_use_is_refused_in_one_sentence(do, error, message):
    with pytest.raises(error) as raised:
        do()
    assert str(raised.value) == message


def _reset():
    env = make()
    env.reset(seed=0)
    return env


def test_too_many_bodies_for_a_place_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError) as raised:
        draw_starts(np.array([[0.5, 0.0], [3.0, 0.0], [3.2, 0.0], [40.0, 0.0]]), 4, 0.3, rng)
    assert str(raised.value) == "num_agents must be at most 3 in this place, got 4"


def test_without_pettingzoo_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pettingzoo", None)
    monkeypatch.delitem(sys.modules, "wm_gym.envs.parallel_env", raising=False)
    with pytest.raises(ImportError, match=r"needs PettingZoo: pip install 'wm-gym\[multi\]'"):
        make()


def test_the_code_of_the_page_runs():
    page = Path(wm_gym.__file__).parent.parent / "docs" / "several_bodies.md"
    (block,) = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    names = {}
    exec(compile(block, str(page), "exec"), names)
    assert names["infos"]["agent_3"]["other_bodies"].shape == (3, 2)
