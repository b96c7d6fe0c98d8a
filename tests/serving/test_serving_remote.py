import re
import threading
import time
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from small_server import TOKEN, same_world, small_sessions

import wm_gym

pytest.importorskip("uvicorn")

import uvicorn

from wm_gym.serving.app import make_app


@pytest.fixture(scope="module")
def url():
    server = uvicorn.Server(uvicorn.Config(make_app(small_sessions(), TOKEN), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def env(url):
    one = gym.make("wm_gym/Remote-v0", url=url, token=TOKEN)
    yield one
    one.close()


def equal(one, other):
    return one.keys() == other.keys() and all(
        type(one[name]) is type(other[name]) and np.array_equal(one[name], other[name]) for name in one
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
def test_gymnasiums_checker_passes(url, action_mode):
    env = gym.make("wm_gym/Remote-v0", url=url, token=TOKEN, action_mode=action_mode, render_mode="rgb_array")
    check_env(env.unwrapped, skip_render_check=True)
    assert env.unwrapped.render().shape == (36, 48, 3)
    env.close()


@pytest.mark.parametrize("settings", [{}, {"action_mode": "twist", "obs_mode": "sb3"}, {"return_frames": True}])
def test_what_it_shows_is_what_the_environment_in_process_shows(url, settings):
    far = gym.make("wm_gym/Remote-v0", url=url, token=TOKEN, return_text=True, **settings)
    near = same_world(return_text=True, **settings)
    assert (far.observation_space, far.action_space) == (near.observation_space, near.action_space)
    near.action_space.seed(4)
    options = {"prompt": "a street", "events": [{"at": 1, "text": "fog rises", "for": 3}]}
    shown = [env.reset(seed=6, options=options) for env in (far, near)]
    assert equal(shown[0][0], shown[1][0]) and equal(shown[0][1], shown[1][1])
    for _ in range(5):
        action = near.action_space.sample()
        (*ours, info), (*theirs, info_there) = near.step(action), far.step(action)
        assert equal(ours[0], theirs[0]) and ours[1:] == theirs[1:] and equal(info, info_there)
    assert far.unwrapped.events() == near.unwrapped.events()
    far.close(), near.close()


def test_a_picture_to_open_from_goes_over_the_wire(env):
    picture = np.random.default_rng(0).integers(0, 255, (36, 48, 3), np.uint8)
    near = same_world()
    options = {"image": picture, "depth": np.full((36, 48), 5.0, np.float32)}
    assert equal(env.reset(seed=1, options=options)[0], near.reset(seed=1, options=options)[0])
    near.close()


def test_a_saved_state_is_gone_on_from_and_the_time_limit_with_it(url, env):
    env.reset(seed=2)
    env.step(1)
    state = env.unwrapped.save()
    after = [env.step(1)[0] for _ in range(3)]
    env.unwrapped.load(state)
    assert all(equal(env.step(1)[0], one) for one in after)
    other = gym.make("wm_gym/Remote-v0", url=url, token=TOKEN, max_episode_steps=2)
    other.reset(options={"state": state})
    observation, _, _, truncated, _ = other.step(1)
    assert equal(observation, after[0]) and truncated
    other.close()


def test_events_are_triggered_and_stopped(env):
    env.reset(seed=2)
    env.unwrapped.trigger_event("fog rises", for_steps=5)
    env.step(0)
    assert [one["kind"] for one in env.unwrapped.events()] == ["fog"]
    env.unwrapped.stop_event("fog")
    with pytest.raises(ValueError, match="only an event that is going on can stop"):
        env.unwrapped.stop_event("rain")


def test_a_connection_that_breaks_loses_no_step_and_makes_none_twice(env):
    near = same_world()
    for one in (env, near):
        one.reset(seed=9)
    for k in range(4):
        if k % 2:
            env.unwrapped._link._socket.socket.close()
        assert equal(env.step(1)[0], near.step(1)[0])
    near.close()


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"token": "wrong"}, ValueError, "a request must carry the server's token, got none or another"),
        ({"worlds": "city/9"}, ValueError, "settings must be among .* got 'worlds'; did you mean 'world'"),
        ({"render_mode": "human"}, ValueError, "render_mode must be None or 'rgb_array', got 'human'"),
        ({"url": "ftp://x"}, ValueError, "url must be the address of a server, such as 'http://127.0.0.1:8765'"),
        ({"url": "http://127.0.0.1:9"}, ConnectionError, "a server must be at http://127.0.0.1:9, got"),
    ],
)
def test_what_cannot_be_is_refused(url, settings, error, told):
    from wm_gym.serving.remote import RemoteEnv

    with pytest.raises(error, match=told):
        RemoteEnv(**({"url": url, "token": TOKEN} | settings))


def test_a_step_before_reset_and_after_close_is_refused(url):
    from wm_gym.serving.remote import RemoteEnv

    env = RemoteEnv(url, TOKEN)
    with pytest.raises(ValueError, match="the environment must be reset before it is used"):
        env.step(1)
    env.close()
    env.close()


def test_the_code_of_the_page_on_serving_runs(url):
    page = (Path(wm_gym.__file__).parent.parent / "docs" / "serving.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names = {}
    exec(code.replace("http://127.0.0.1:8765", url).replace('"SECRET"', repr(TOKEN)), names)
    assert len(names["state"]) > 1000
