import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_server import client, opened, steering

from wm_gym.serving.messages import DOINGS
from wm_gym.serving.offer import CHOICES
from wm_gym.serving.wire import pack, unpack

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["action", "seed", "options", "text", "for_steps", "event", "want", "image", "wnat"])
OPTIONS = st.dictionaries(st.sampled_from(["prompt", "world", "events", "image", "state", "x"]), JSON, max_size=3)
FIELDS = st.dictionaries(NAMES, JSON | OPTIONS, max_size=4)


@pytest.fixture(scope="module")
def http():
    with client() as one:
        yield one


@pytest.fixture(scope="module")
def stream(http):
    with steering(http, opened(http)["id"]) as one:
        yield one


MESSAGES = [
    ("nothing", "a message must be JSON, got JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
    ("3", "a message must be a JSON object with an integer 'id', got something else"),
    ('{"do": "look"}', "a message must be a JSON object with an integer 'id', got something else"),
    ('{"id": true, "do": "look"}', "a message must be a JSON object with an integer 'id', got something else"),
    ('{"id": 0, "do": "look"}', "id must be at least 1, got 0"),
    ('{"id": 1, "do": "lok"}', f"do must be one of {list(DOINGS)}, got 'lok'; did you mean 'look'?"),
    (
        '{"id": 1, "do": "step", "acton": 1}',
        "fields of 'step' must be among ['id', 'do', 'want', 'image', 'action'], got 'acton'; did you mean 'action'?",
    ),
    (
        '{"id": 1, "do": "look", "want": ["frame"]}',
        "want must be among ['cloud', 'depth', 'frames', 'hints', 'info', 'map', 'observation'], got 'frame'; "
        "did you mean 'frames'?",
    ),
    (
        '{"id": 1, "do": "look", "image": "gif"}',
        "image must be one of ['auto', 'jpeg', 'webp', 'png', 'raw'], got 'gif'",
    ),
]


@pytest.mark.parametrize(("message", "told"), MESSAGES)
def test_a_message_that_is_none_is_answered_by_one_sentence(stream, message, told):
    reply = stream.send(message)
    assert (reply["ok"], reply["error"], reply["id"]) == (False, told, None)


ASKED = [
    ("step", {}, "action must be an integer in 0..8, got None"),
    ("event", {}, "a message must have the field 'text', got none"),
    ("event", {"text": "a" * 1001}, "text must have at most 1000 letters, got 1001"),
    ("event", {"text": ""}, "event text must say what happens, got ''"),
    ("stop_event", {"event": "fog"}, "fog"),
    ("reset", {"seed": -1}, "seed must be None or an integer from 0, got -1"),
    ("reset", {"options": [1]}, "options must be a dict, got list"),
    ("reset", {"options": {"world": "/etc/passwd"}}, "world must be the name of a place, such as 'city/9' or"),
    ("reset", {"options": {"world": "../x.npz"}}, "world must be the name of a place, such as 'city/9' or"),
    ("reset", {"options": {"image": "/etc/hosts"}}, "option 'image' must be an array, got str"),
    ("reset", {"options": {"state": "/etc/hosts"}}, "a state must be bytes, got str"),
    (
        "reset",
        {"options": {"events": "/etc/hosts"}},
        "option 'events' must be a list of {'at', 'text', 'for'}, got str",
    ),
    ("reset", {"options": {"events": [{"at": 0}] * 65}}, "option 'events' must be at most 64, got 65"),
]


@pytest.mark.parametrize(("do", "fields", "told"), ASKED)
def test_what_cannot_be_done_is_told_in_one_sentence(stream, do, fields, told):
    reply = stream.ask(do, **fields)
    assert not reply["ok"] and told in reply["error"] and "\n" not in reply["error"]


SETTINGS = [
    ({"weights": "x"}, f"settings must be among {list(CHOICES)}, got 'weights'"),
    ({"backend": "video"}, "backend must be one of ['memory_only'], got 'video'"),
    ({"backend": "os:system"}, "backend must be one of ['memory_only'], got 'os:system'"),
    ({"task": "os:system"}, "task must be one of "),
    (
        {"world": "/tmp/x.npz"},
        "world must be the name of a place, such as 'city/9' or 'imagined/park', got '/tmp/x.npz'",
    ),
    ({"num_points": 10**9}, "num_points must be at most 16384, got 1000000000"),
    ({"obs_mode": "rgb+smell"}, "obs_mode must join some of "),
]


@pytest.mark.parametrize(("asked", "told"), SETTINGS)
def test_settings_that_are_not_for_clients_are_refused(http, asked, told):
    answer = http.post("/sessions", json={"settings": asked})
    assert answer.status_code == 400 and answer.json()["error"].startswith(told[:380])


BODIES = [b"", b"{", b"[]", b'{"seed": -1}', b'{"seed": "x"}', b'{"settings": 3}', b"\xff", b'{"seed": 1e999}']


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_none_is_refused_by_one_sentence(http, body):
    answer = http.post("/sessions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"].startswith(("a request must be as /docs says, got ", "a request must be one that"))


def test_a_request_that_is_too_long_is_not_read(http):
    answer = http.put("/sessions/x/state", content=b"", headers={"Content-Length": "99999999999"})
    assert answer.status_code == 413
    assert http.put("/sessions/x/state", content=iter([b"x"])).status_code == 413


@given(JSON | FIELDS)
def test_no_json_message_is_more_than_refused(stream, message):
    reply = stream.send(json.dumps(message))
    assert not reply["ok"] and len(reply["error"]) < 500


@settings(max_examples=150)
@given(st.sampled_from([name for name in DOINGS if name != "reset"]), FIELDS)
def test_no_field_of_a_message_ends_a_stream(stream, do, fields):
    reply = stream.ask(do, **fields)
    assert reply["id"] in (stream.number, None) and (reply["ok"] or len(reply["error"]) < 500)


@settings(max_examples=40)
@given(OPTIONS, JSON)
def test_no_option_of_reset_ends_a_stream(stream, options, seed):
    reply = stream.ask("reset", options=options, seed=seed)
    assert reply["ok"] or len(reply["error"]) < 500


@settings(max_examples=100)
@given(st.binary(max_size=80))
def test_no_bytes_end_a_stream(stream, data):
    stream.socket.send_bytes(data)
    assert not stream.receive()["ok"]


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["settings", "options", "opens", "seed", "x"]), JSON, max_size=3))
def test_no_body_is_a_fault_of_the_server(http, body):
    answer = http.post("/sessions", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code in (201, 400, 422)
    if answer.status_code == 201:
        http.delete(f"/sessions/{answer.json()['id']}")


@given(st.binary(max_size=60))
def test_unpacking_refuses_what_was_never_packed(data):
    with pytest.raises(ValueError, match=r"^a message must be a packed value, got"):
        unpack(data)


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_packed_value_with_one_other_byte_is_refused_or_a_value(place, other):
    data = bytearray(pack({"a": [1, b"xy"], "b": 2.5}))
    data[place % len(data)] = other
    try:
        assert unpack(bytes(data)) is not NotImplemented
    except ValueError as error:
        assert str(error).startswith("a message must be a packed value, got")
