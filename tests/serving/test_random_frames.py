"""Frames that no client would send: a seeded share of what `benchmarks/fuzz_serving.py` sends for long."""

import json
import random
import sys
from pathlib import Path

import pytest
from small_server import client, opened, steering

from wm_gym.serving.wire import unpack

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from fuzz_serving import is_fault, random_frame

COUNT = 400


@pytest.fixture(scope="module")
def http():
    with client() as one:
        yield one


def send(socket, frame):
    if isinstance(frame, bytes):
        socket.send_bytes(frame)
    else:
        socket.send_text(frame.encode("utf-8", "replace").decode())


def received(socket):
    message = socket.receive()
    assert message["type"] == "websocket.send", message
    reply = message.get("bytes") or message["text"]
    assert not is_fault(reply)
    return reply


def test_every_frame_to_a_session_is_answered_and_none_is_a_fault(http):
    rng = random.Random(3)
    with steering(http, opened(http)["id"]) as stream:
        for number in range(1, COUNT):
            send(stream.socket, random_frame(rng, number))
            reply = received(stream.socket)
            if isinstance(reply, str):
                assert json.loads(reply)["ok"] is False
            else:
                assert unpack(reply)["ok"] is True


def test_no_frame_to_a_shared_world_is_a_fault_in_any_role(http):
    rng = random.Random(5)
    keys = http.post("/parties", json={"seed": 1}).json()["keys"]
    for key in keys.values():
        with http.websocket_connect(f"/join/{key}/stream") as socket:
            for number in range(1, COUNT // 2):
                send(socket, random_frame(rng, number))
            send(socket, json.dumps({"id": 10**6, "do": "look", "want": []}))
            while True:
                reply = received(socket)
                if isinstance(reply, bytes) and unpack(reply)["id"] == 10**6:
                    break
