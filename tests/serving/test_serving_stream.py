import asyncio
import io
import json

import numpy as np
import pytest
from PIL import Image
from small_server import client, opened, same_world, small_sessions, steering
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from wm_gym.envs.replay.format import Replay
from wm_gym.envs.replay.verification import verify
from wm_gym.serving.rooms import Rooms
from wm_gym.serving.sessions import Sessions
from wm_gym.serving.stream import Streams, closing_code, send
from wm_gym.serving.wire import unpack
from wm_gym.serving.worker import Worker

EVERYTHING = ["observation", "info", "frames", "depth", "map"]


@pytest.fixture(scope="module")
def http():
    with client(most_sessions=12) as one:
        yield one


@pytest.fixture
def session(http):
    one = opened(http, seed=5)
    yield one
    http.delete(f"/sessions/{one['id']}")


def equal(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_step_shows_what_is_wanted_in_the_asked_format(http, session):
    with steering(http, session["id"]) as stream:
        reply = stream.ask("step", action=1, want=EVERYTHING, image="png")
        frames = np.asarray(Image.open(io.BytesIO(reply["frames"])))
        assert frames.shape == (4 * 36, 48, 3) and np.array_equal(frames[-36:], reply["observation"]["rgb"])
        assert np.asarray(Image.open(io.BytesIO(reply["depth"]))).shape == (36, 48)
        assert np.asarray(Image.open(io.BytesIO(reply["map"]))).shape == (160, 160, 3)
        assert (reply["step"], reply["num_frames"], reply["info"]["trust"]) == (1, 4, reply["trust"])
        raw = stream.ask("look", want=["frames"], image="raw")
        assert np.array_equal(raw["frames"], frames) and "observation" not in raw


def test_the_same_message_again_gets_the_same_reply_and_moves_nothing(http, session):
    with steering(http, session["id"]) as stream:
        first = {"id": 7, "do": "step", "action": 1}
        one, again = stream.send(first), stream.send(first)
        assert one == again and one["step"] == 1
        wrong = {"id": 8, "do": "step", "action": "up"}
        assert stream.send(wrong) == stream.send(wrong) == {
            "id": 8, "ok": False, "error": "action must be an integer in 0..8, got 'up'",
        }  # fmt: skip
        late = stream.send({"id": 3, "do": "step", "action": 1})
        assert late == {"id": 3, "ok": False, "error": "id must be over the last one, 8, got 3"}
        assert stream.send({"id": 9, "do": "look"})["step"] == 1


def test_a_client_that_comes_back_gets_the_reply_that_it_missed(http, session):
    with steering(http, session["id"]) as stream:
        stream.socket.send_text(json.dumps({"id": 1, "do": "step", "action": 1}))
        seen = stream.receive()
    with steering(http, session["id"]) as stream:
        assert stream.hello["last_message"] == 1
        assert stream.send({"id": 1, "do": "step", "action": 1}) == seen
        assert stream.ask("step", action=1)["step"] == 2


def test_sessions_side_by_side_equal_the_same_walks_in_process(http):
    rng = np.random.default_rng(0)
    walks = {seed: rng.integers(0, 9, 6) for seed in (11, 12, 13)}
    sessions = {seed: opened(http, seed=seed)["id"] for seed in walks}
    envs = {seed: same_world() for seed in walks}
    for seed, env in envs.items():
        env.reset(seed=seed)
    for k in range(6):
        for seed, walk in walks.items():
            with steering(http, sessions[seed]) as stream:
                reply = stream.ask("step", action=int(walk[k]), want=["observation", "info"])
            observation, reward, terminated, _, info = envs[seed].step(walk[k])
            assert equal(reply["observation"], observation) and equal(reply["info"], info)
            assert (reply["reward"], reply["terminated"]) == (reward, terminated)
    for seed, session_id in sessions.items():
        http.delete(f"/sessions/{session_id}")
        envs[seed].close()


def test_sessions_that_step_in_one_batch_equal_each_alone():
    sessions = small_sessions(most_sessions=6)
    rows = [sessions.create() for _ in range(4)]
    for n, session in enumerate(rows):
        session.reset(20 + n, {})
    actions = np.random.default_rng(1).integers(0, 9, (5, 4))
    shown = [sessions.step([(s.session_id, int(a)) for s, a in zip(rows, some, strict=True)]) for some in actions]
    for n in range(4):
        env = same_world()
        env.reset(seed=20 + n)
        for k in range(5):
            observation = env.step(actions[k, n])[0]
            assert equal(shown[k][n].core.observe_one(shown[k][n].state), observation)
        env.close()
    sessions.close_all()


def test_an_action_that_is_none_keeps_only_its_own_session_from_stepping():
    sessions = small_sessions()
    good, bad, unopened = (sessions.create() for _ in range(3))
    good.reset(1, {}), bad.reset(1, {})
    asked = [(bad.session_id, 9), (good.session_id, 1), (unopened.session_id, 1), ("none", 1)]
    results = sessions.step(asked)
    assert [type(one).__name__ for one in results] == ["ValueError", "Shown", "RuntimeError", "UnknownSessionError"]
    assert sessions.offer.config({}) == good.group.config and good.group is bad.group
    sessions.close_all()


def test_a_fork_goes_on_by_itself(http, session):
    with steering(http, session["id"]) as one:
        one.ask("step", action=1)
        fork = http.post(f"/sessions/{session['id']}/fork").json()["id"]
        with steering(http, fork) as other:
            ways = [stream.ask("step", action=1, image="raw") for stream in (one, other)]
            assert np.array_equal(ways[0]["frames"], ways[1]["frames"])
            other.ask("step", action=2)
            assert one.ask("look")["step"] == 2 and other.ask("look")["step"] == 3
    http.delete(f"/sessions/{fork}")


def test_undo_goes_back_step_by_step_and_the_way_from_there_is_the_same(http, session):
    with steering(http, session["id"]) as stream:
        shown = [stream.ask("step", action=k % 3, image="raw") for k in range(6)]
        assert stream.ask("undo")["step"] == 4
        again = [stream.ask("step", action=k % 3, image="raw") for k in (4, 5)]
        assert all(np.array_equal(a["frames"], b["frames"]) for a, b in zip(shown[4:], again, strict=True))
        assert [stream.ask("undo").get("step") for _ in range(3)] == [4, 0, None]
        told = stream.ask("undo")["error"]
        assert told == "undo must follow a step or an event, got none that is still kept"


def test_an_event_can_be_undone(http, session):
    with steering(http, session["id"]) as stream:
        stream.ask("step", action=0)
        stream.ask("event", text="it starts to snow")
        assert [event["kind"] for event in stream.ask("step", action=0)["events"]] == ["snowfall"]
        stream.ask("undo")
        assert stream.ask("step", action=0)["events"] == []


def test_a_server_goes_on_from_what_another_with_the_same_key_has_saved():
    with client() as http:
        one = opened(http, seed=8)["id"]
        with steering(http, one) as stream:
            stream.ask("step", action=1)
            saved = http.get(f"/sessions/{one}/state").content
            expected = stream.ask("step", action=1, image="raw")
    with client() as http:
        session = opened(http, opens=False)
        assert not session["is_open"]
        assert http.put(f"/sessions/{session['id']}/state", content=saved).json()["is_open"]
        with steering(http, session["id"]) as stream:
            assert np.array_equal(stream.ask("step", action=1, image="raw")["frames"], expected["frames"])
        damaged = saved[:-1] + bytes([saved[-1] ^ 1])
        for other in (damaged, saved[45:], b""):
            answer = http.put(f"/sessions/{session['id']}/state", content=other)
            told = "a state must be one that a server with this state_key has saved, got other bytes"
            assert (answer.status_code, answer.json()) == (400, {"error": told})


def test_a_recording_is_generated_again_to_the_byte_even_after_undo_and_events(http, session):
    with steering(http, session["id"]) as stream:
        stream.ask("step", action=1)
        assert "a recording must have been begun" in http.get(f"/sessions/{session['id']}/recording").json()["error"]
        assert http.post(f"/sessions/{session['id']}/recording").json()["recorded_steps"] == 0
        for k in range(6):
            stream.ask("step", action=k)
        stream.ask("event", text="fog rises")
        stream.ask("step", action=1)
        stream.ask("undo")
        stream.ask("undo")
        stream.ask("step", action=2)
    replay = Replay.from_bytes(http.get(f"/sessions/{session['id']}/recording").content)
    assert replay.num_steps == 4 and not verify(replay).different


def test_undoing_to_before_a_recording_began_ends_it():
    sessions = small_sessions()
    session = sessions.create()
    session.reset(0, {})
    for _ in range(2):
        sessions.step([(session.session_id, 1)])
    session.record()
    sessions.step([(session.session_id, 1)])
    session.undo()
    assert session.recording is None
    sessions.close_all()


def test_a_watcher_sees_what_the_one_who_steers_sees_and_changes_nothing(http, session):
    with steering(http, session["id"]) as stream, http.websocket_connect(f"/watch/{session['watch']}") as watching:
        hello = watching.receive_json()
        assert "id" not in hello and hello["watch"] == session["watch"]
        assert unpack(watching.receive_bytes())["step"] == 0
        watching.send_text(json.dumps({"id": 1, "do": "step", "action": 1}))
        for k in (1, 2):
            mine, theirs = stream.ask("step", action=1), unpack(watching.receive_bytes())
            assert theirs["step"] == k and theirs["frames"] == mine["frames"]


def test_a_watcher_is_told_when_the_session_ends(http):
    one = opened(http)
    with http.websocket_connect(f"/watch/{one['watch']}") as watching:
        watching.receive_json(), watching.receive_bytes()
        http.delete(f"/sessions/{one['id']}")
        assert watching.receive()["code"] == 4404


def test_a_stream_ends_with_its_session(http):
    one = opened(http)["id"]
    with steering(http, one) as stream:
        http.delete(f"/sessions/{one}")
        stream.socket.send_text('{"id": 1, "do": "look"}')
        assert stream.socket.receive()["code"] == 4404


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/sessions/x/stream", None, 401),
        ("/watch/x", "wrong", 401),
        ("/sessions/x/stream", "open sesame", 404),
        ("/watch/x", "open sesame", 404),
    ],
)
def test_sockets_without_token_or_session_are_turned_away(http, path, token, status):
    query = "" if token is None else f"?token={token}"
    headers = {"Authorization": ""}
    with pytest.raises(WebSocketDenialResponse) as denied, http.websocket_connect(path + query, headers=headers):
        pass
    assert denied.value.status_code == status and set(denied.value.json()) == {"error"}


def test_an_engine_that_dies_is_told_and_other_sessions_live_on(http, session, monkeypatch):
    def dies(self, asked):
        raise RuntimeError("the engine has died")

    with steering(http, session["id"]) as stream:
        with monkeypatch.context() as patched:
            patched.setattr(Sessions, "step", dies)
            assert stream.ask("step", action=1) == {"id": 1, "ok": False, "error": "the engine has died"}
        assert stream.ask("step", action=1)["step"] == 1


def test_a_client_that_goes_while_its_session_ends_leaves_no_error():
    class Gone:
        async def accept(self): ...

        async def send_text(self, text): ...

        async def receive(self):
            held.clear()
            return {"type": "websocket.receive", "text": '{"id": 1, "do": "look"}'}

        async def close(self, code):
            raise WebSocketDisconnect(1006)

    sessions = small_sessions()
    session, held = sessions.create(), sessions._sessions
    worker = Worker(sessions)
    asyncio.run(Streams(worker, Rooms()).steer(Gone(), session.session_id))
    worker.close()


def test_a_socket_that_was_closed_while_it_was_sent_to_tells_the_code_of_its_client():
    coming = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "{}"},
        {"type": "websocket.disconnect", "code": 1001},
    ]

    async def receive():
        return coming.pop(0)

    async def lose(message):
        if message["type"] == "websocket.send":
            raise OSError

    async def told():
        socket = WebSocket({"type": "websocket", "headers": []}, receive, lose)
        await socket.accept()
        for _ in range(2):
            with pytest.raises(WebSocketDisconnect):
                await send(socket, "{}")
        return await closing_code(socket)

    assert asyncio.run(told()) == 1001
