"""OpenEnv's conversation, as its repository defines it, with and without its own client."""

import base64
import io
import json
import socket
import threading
import time

import numpy as np
import pytest
from PIL import Image
from small_server import TOKEN, client, make_app, same_world, small_sessions

PATH = f"/openenv/{TOKEN}"


class Talking:
    def __init__(self, http):
        self.http = http

    def __enter__(self):
        self.manager = self.http.websocket_connect(f"{PATH}/ws")
        self.socket = self.manager.__enter__()
        return self

    def __exit__(self, *error):
        return self.manager.__exit__(*error)

    def ask(self, kind, **data):
        self.socket.send_text(json.dumps({"type": kind, **({"data": data} if kind in ("reset", "step") else {})}))
        return self.socket.receive_json()

    def send(self, text):
        self.socket.send_text(text)
        return self.socket.receive_json()


@pytest.fixture(scope="module")
def http():
    with client(most_sessions=2) as one:
        yield one


def picture_of(answer):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["data"]["observation"]["image"]))))


def test_an_episode_is_that_of_the_environment(http):
    env = same_world()
    with Talking(http) as talk:
        first = talk.ask("reset", seed=3, episode_id="one")
        observation, _ = env.reset(seed=3)
        assert (first["type"], first["data"]["reward"], first["data"]["done"]) == ("observation", None, False)
        assert np.array_equal(picture_of(first), observation["rgb"])
        for action in (1, 1, 6):
            answer, (observation, reward, *_) = talk.ask("step", action=action), env.step(action)
            assert answer["data"]["reward"] == reward and np.array_equal(picture_of(answer), observation["rgb"])
        state = talk.ask("state")
        assert state["type"] == "state" and state["data"]["episode_id"] == "one" and state["data"]["step_count"] == 3
    env.close()


def test_settings_words_and_events_go_with_a_reset_and_a_step(http):
    with Talking(http) as talk:
        assert talk.ask("state") == {"type": "state", "data": {"episode_id": None, "step_count": 0}}
        talk.ask("reset", seed=1, task="point_goal", action_mode="twist", prompt="A quiet street.")
        answer = talk.ask("step", action=[1.0, 0, 0, 0], event="it starts to snow", metadata={})
        assert answer["data"]["observation"]["events"][0]["kind"] == "snowfall"
        assert answer["data"]["observation"]["task"]
        talk.socket.send_text(json.dumps({"type": "close"}))
    assert http.get("/offer").json()["most_sessions"] == 2


@pytest.mark.parametrize(
    ("message", "code", "sentence"),
    [
        ("{", "INVALID_JSON", "a message must be JSON, got something else"),
        ("[]", "UNKNOWN_TYPE", "type must be one of ['reset', 'step', 'state', 'close'], got None"),
        ('{"type": "mcp"}', "UNKNOWN_TYPE", "type must be one of ['reset', 'step', 'state', 'close'], got 'mcp'"),
        ('{"type": "step", "data": 3}', "VALIDATION_ERROR", "data must be an object, got int"),
        ('{"type": "step", "data": {"deed": 3}}', "VALIDATION_ERROR", "an action must be among"),
        ('{"type": "step", "data": {}}', "VALIDATION_ERROR", "an action must have the field 'action', got none"),
        ('{"type": "step", "data": {"action": 1}}', "EXECUTION_ERROR", "an episode must begin with a reset, got none"),
        ('{"type": "reset", "data": {"place": "city/9"}}', "VALIDATION_ERROR", "reset must be among"),
        (
            '{"type": "reset", "data": {"world": "/etc/passwd"}}',
            "VALIDATION_ERROR",
            "world must be the name of a place",
        ),
    ],
)
def test_what_is_wrong_is_told_in_openenv_s_words(http, message, code, sentence):
    with Talking(http) as talk:
        answer = talk.send(message)
        assert answer["type"] == "error" and answer["data"]["code"] == code
        assert answer["data"]["message"].startswith(sentence)


def test_a_full_server_says_so_and_a_client_that_goes_makes_room(http):
    with Talking(http) as one, Talking(http) as other, Talking(http) as third:
        assert one.ask("reset", seed=0)["type"] == other.ask("reset", seed=0)["type"] == "observation"
        assert third.ask("reset", seed=0)["data"]["code"] == "CAPACITY_REACHED"
    with Talking(http) as again:
        assert again.ask("reset", seed=0)["type"] == "observation"


def test_a_stranger_is_turned_away(http):
    assert http.get("/openenv/another/health").status_code == 404
    with pytest.raises(Exception), http.websocket_connect("/openenv/another/ws") as socket:  # noqa: B017
        socket.receive_json()


def test_health_metadata_and_schemas_are_told(http):
    assert http.get(f"{PATH}/health").json() == {"status": "healthy"}
    assert http.get(f"{PATH}/metadata").json()["name"] == "wm_gym"
    assert set(http.get(f"{PATH}/schema").json()) == {"action", "observation", "state"}


@pytest.mark.slow
def test_openenv_s_own_client_plays_an_episode():
    core = pytest.importorskip("openenv.core", reason="pip install openenv-core")
    import uvicorn

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = make_app(small_sessions(), "secret")
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    env = same_world()
    observation, _ = env.reset(seed=5)
    with core.GenericEnvClient(base_url=f"http://127.0.0.1:{port}/openenv/secret").sync() as remote:
        result = remote.reset(seed=5)
        assert not result.done and result.observation["image_type"] == "image/png"
        for action in (1, 5, 1):
            result, (observation, reward, *_) = remote.step({"action": action}), env.step(action)
            shown = Image.open(io.BytesIO(base64.b64decode(result.observation["image"])))
            assert result.reward == reward and np.array_equal(np.asarray(shown), observation["rgb"])
        assert remote.state()["step_count"] == 3
    env.close()
    server.should_exit = True
    thread.join(10)
