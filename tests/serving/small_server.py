"""A server of small worlds, and a client that speaks to it inside the process."""

import json
from contextlib import contextmanager

import gymnasium as gym
import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from wm_gym.serving.app import make_app
from wm_gym.serving.offer import Offer
from wm_gym.serving.seal import Seal
from wm_gym.serving.sessions import Limits, Sessions
from wm_gym.serving.wire import unpack

SMALL = {"world": "city/9", "finer": 1, "resolution": (36, 48)}
OFFER = Offer(backends=("memory_only",), settings=SMALL)
TOKEN = "open sesame"
KEY = {"Authorization": f"Bearer {TOKEN}"}


def small_sessions(**limits):
    return Sessions(OFFER, Limits(**limits), Seal("a key"))


def same_world(**settings):
    """The environment that a session of the small server is, in this process."""
    return gym.make("wm_gym/Explore-v0", backend="memory_only", **SMALL, **settings)


@contextmanager
def client(**limits):
    with TestClient(make_app(small_sessions(**limits), TOKEN), headers=KEY) as one:
        yield one


def opened(http, seed=0, **asked):
    answer = http.post("/sessions", json={"seed": seed, **asked})
    assert answer.status_code == 201, answer.text
    return answer.json()


class Steering:
    """A stream that numbers its messages."""

    def __init__(self, socket):
        self.socket, self.hello, self.number = socket, socket.receive_json(), 0
        self.number = self.hello["last_message"]

    def ask(self, do, **fields):
        self.number += 1
        return self.send({"id": self.number, "do": do, **fields})

    def send(self, message):
        self.socket.send_text(message if isinstance(message, str) else json.dumps(message))
        return self.receive()

    def receive(self):
        message = self.socket.receive()
        return unpack(message["bytes"]) if message.get("bytes") is not None else json.loads(message["text"])


@contextmanager
def steering(http, session_id):
    with http.websocket_connect(f"/sessions/{session_id}/stream") as socket:
        yield Steering(socket)
