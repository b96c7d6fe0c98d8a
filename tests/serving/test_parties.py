"""Several people in one world: each role does what it may and no more, and what players see is one shared world."""

import json
import time
from contextlib import contextmanager

import numpy as np
import pytest
from small_server import KEY, client
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from wm_gym.envs.shared_world import SharedWorlds
from wm_gym.serving.offer import Offer
from wm_gym.serving.parties import Parties
from wm_gym.serving.sessions import FullError, Limits, UnknownSessionError
from wm_gym.serving.wire import unpack

SETTINGS = {"world": "city/9", "finer": 1, "resolution": (36, 48), "action_mode": "twist"}
FORWARD = [1.0, 0.0, 0.0, 0.0]
TURN = [0.0, 0.0, 1.0, 0.0]


def small_parties(**limits):
    return Parties(Offer(("memory_only",), SETTINGS), Limits(**limits))


@pytest.fixture(scope="module")
def http():
    with client(most_parties=1) as one:
        yield one


@pytest.fixture(scope="module")
def party(http):
    answer = http.post("/parties", json={"seed": 3, "most_players": 3, "settings": {"action_mode": "twist"}})
    assert answer.status_code == 201, answer.text
    return answer.json()


class Joined:
    """One connection to a party."""

    def __init__(self, socket):
        self.socket, self.hello, self.number = socket, socket.receive_json(), 0

    def ask(self, do, **fields):
        self.number += 1
        self.socket.send_text(json.dumps({"id": self.number, "do": do, **fields}))
        return self.until(lambda reply: reply.get("id") == self.number)

    def until(self, is_it):
        while True:
            message = self.socket.receive()
            if message["type"] == "websocket.close":
                raise WebSocketDisconnect(message["code"])
            binary = message.get("bytes")
            reply = unpack(binary) if binary is not None else json.loads(message["text"])
            if is_it(reply):
                return reply


@contextmanager
def joined(http, party, role, seat=""):
    with http.websocket_connect(f"/join/{party['keys'][role]}/stream?seat={seat}") as socket:
        yield Joined(socket)


def poses(reply):
    return {body["name"]: body["pose"] for body in reply["bodies"]}


def test_players_share_a_world_and_see_one_another(http, party):
    with joined(http, party, "player") as one, joined(http, party, "player") as other:
        assert one.hello["body"] == "agent_0" and other.hello["body"] == "agent_1"
        seen = other.until(lambda reply: len(reply["bodies"]) == 2)
        before = poses(seen)["agent_0"]
        walked = one.ask("act", action=TURN, want=["frames"], image="raw")
        assert walked["frames"].shape == (walked["num_frames"] * 36, 48, 3)
        seen = other.until(lambda reply: reply["step"] >= walked["step"])
        assert poses(seen) == poses(walked) and poses(seen)["agent_0"] != before
        assert poses(seen)["agent_1"] == pytest.approx(seen["pose"])


def test_who_leaves_takes_the_body_along_and_the_last_one_stays(http, party):
    with joined(http, party, "player") as one:
        with joined(http, party, "player"):
            one.until(lambda reply: len(reply["bodies"]) == 2)
        assert one.until(lambda reply: len(reply["bodies"]) == 1)["bodies"][0]["is_played"]
    until(lambda: not any(body["is_played"] for body in bodies(http, party)))
    assert len(bodies(http, party)) == 1


def bodies(http, party):
    return http.get(f"/parties/{party['id']}").json()["bodies"]


def until(holds, seconds=20.0):
    late = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < late
        time.sleep(0.02)


def test_a_player_whose_connection_was_lost_comes_back_to_its_body(http, party):
    with joined(http, party, "player") as one:
        seat = one.hello["seat"]
        with joined(http, party, "player", seat) as again:
            assert (again.hello["seat"], again.hello["body"]) == (seat, one.hello["body"])
            with pytest.raises(WebSocketDisconnect) as ended:
                one.until(lambda reply: False)
            assert ended.value.code == 4404
            assert again.ask("act", action=TURN)["ok"]


def test_a_director_writes_what_all_see_and_moves_nobody(http, party):
    with joined(http, party, "player") as player, joined(http, party, "director") as director:
        assert director.hello["body"] is None and director.hello["seat"] is None
        assert director.ask("event", text="fog rolls in", for_steps=3) == {"id": 1, "ok": True}
        assert player.until(lambda reply: reply["events"])["events"][0]["text"] == "fog rolls in"
        assert director.ask("stop_event", event="fog")["ok"]
        assert director.ask("follow", body=player.hello["body"], want=["map"])["body"] == player.hello["body"]


REFUSED = [
    ("player", "event", {"text": "fog"}, "a player must ask for one of ['act', 'look'], got 'event'"),
    ("player", "follow", {"body": "agent_0"}, "a player must ask for one of ['act', 'look'], got 'follow'"),
    ("player", "time", {"on": True}, "a player must ask for one of ['act', 'look'], got 'time'"),
    ("spectator", "act", {"action": FORWARD}, "a spectator must ask for one of ['follow', 'look'], got 'act'"),
    ("spectator", "event", {"text": "fog"}, "a spectator must ask for one of ['follow', 'look'], got 'event'"),
    ("director", "act", {"action": FORWARD}, "a director must ask for one of ['event', 'stop_event', 'time', 'follow'"),
    ("player", "act", {}, "a message must have the field 'action', got none"),
    ("player", "act", {"action": [9, 0, 0, 0]}, "action must be"),
    ("player", "reset", {}, "do must be one of ['act', 'look', 'follow', 'event', 'stop_event', 'time'], got 'reset'"),
    ("spectator", "follow", {"body": "agent_7"}, "body must be one of ['agent_0'], got 'agent_7'"),
    ("director", "event", {"text": ""}, "event text must say what happens, got ''"),
    ("director", "event", {"text": "a" * 1001}, "text must have at most 1000 letters, got 1001"),
    ("director", "stop_event", {"event": "rain"}, "rain"),
    ("director", "time", {"on": 1}, "on must be"),
]


@pytest.mark.parametrize(("role", "do", "fields", "told"), REFUSED)
def test_what_a_role_may_not_do_is_refused_by_one_sentence(http, party, role, do, fields, told):
    with joined(http, party, role) as one:
        one.socket.send_text(json.dumps({"id": 1, "do": do, **fields}))
        reply = one.until(lambda reply: not reply["ok"])
        assert told in reply["error"] and "\n" not in reply["error"]
        assert one.ask("look", want=[])["ok"]


def test_a_key_lets_in_to_its_role_alone_and_needs_no_token(http, party):
    http.headers.pop("Authorization")
    try:
        for role, key in party["keys"].items():
            assert http.get(f"/join/{key}").json()["role"] == role
            assert http.get(f"/parties/{key}").status_code == http.get("/offer").status_code == 401
        for path in ("/join/x", f"/parties/{party['id']}"):
            assert http.get(path).status_code == http.delete(path).status_code == 401
    finally:
        http.headers.update(KEY)
    for path in ("/join/x", f"/join/{party['id']}", f"/parties/{party['keys']['player']}"):
        assert http.get(path).status_code == 404 and set(http.get(path).json()) == {"error"}
    with pytest.raises(WebSocketDenialResponse) as denied, http.websocket_connect("/join/x/stream"):
        pass
    assert denied.value.status_code == 404


def test_there_are_as_many_players_and_worlds_as_was_said(http, party):
    with joined(http, party, "player"), joined(http, party, "player"), joined(http, party, "player"):
        with pytest.raises(WebSocketDenialResponse) as denied, joined(http, party, "player"):
            pass
        assert denied.value.status_code == 503
    answer = http.post("/parties", json={})
    assert answer.status_code == 503
    assert answer.json()["error"].startswith("shared worlds must be at most 1 at once, got one more")


BODIES = [
    ({"most_players": 9}, 422, "a request must be as /docs says, got body.most_players"),
    ({"settings": {"weights": "x"}}, 400, "settings must be among "),
]


@pytest.mark.parametrize(("body", "status", "told"), BODIES)
def test_a_party_that_cannot_be_is_refused(http, body, status, told):
    answer = http.post("/parties", json=body)
    assert answer.status_code == status and answer.json()["error"].startswith(told)


def test_a_world_of_several_opens_from_no_saved_state():
    parties = small_parties()
    with pytest.raises(ValueError, match="option 'state' must be left out of a world of several players, got one"):
        parties.create(options={"state": b"x"})
    assert len(parties) == 0


def test_a_party_steps_as_its_shared_world_does_alone():
    party = small_parties().create({}, seed=5, most_players=3)
    worlds = SharedWorlds(party.group.core, party.names)
    seats = [party.join(), party.join()]
    alone = party.shared
    party.step({})
    move = worlds.prepare(alone, {}, ["agent_1"])
    alone, _ = worlds.settle(alone, move, *party.group.core.step_world(move.world, move.states, move.actions))
    for action in (FORWARD, TURN):
        party.step({seats[1]: action, "nobody": TURN})
        move = worlds.prepare(alone, {"agent_1": np.array(action, np.float32)})
        alone, _ = worlds.settle(alone, move, *party.group.core.step_world(move.world, move.states, move.actions))
    for name, state in alone.states.items():
        assert np.array_equal(party.shown(name).state.outcome.chunk.frames, state.outcome.chunk.frames)
    party.leave(seats[0])
    assert party.group.core.world.drawing.adopts, "players must see one another"
    assert party.shared.agents == ["agent_1"] and party.join() and "agent_0" in party.seats.values()
    with pytest.raises(UnknownSessionError, match="a seat must be one that is taken"):
        party.body_of(seats[0])


def test_a_player_for_whom_there_is_no_room_loses_the_seat_and_others_walk_on(monkeypatch):
    party = small_parties().create({}, seed=5, most_players=2)
    first, second = party.join(), party.join()
    prepare = SharedWorlds.prepare

    def crowded(self, shared, actions, joining=()):
        if joining:
            raise ValueError("a place must have more waypoints")
        return prepare(self, shared, actions)

    monkeypatch.setattr(SharedWorlds, "prepare", crowded)
    party.step({first: TURN, second: TURN})
    assert party.seats == {first: "agent_0"} and party.shown("agent_0").state.world.frame_index[0] > 0


def test_a_party_to_which_nobody_is_connected_is_closed():
    now = [0.0]
    parties = Parties(Offer(("memory_only",), SETTINGS), Limits(idle_seconds=10.0, most_parties=2), lambda: now[0])
    busy, idle = parties.create(), parties.create()
    with pytest.raises(FullError):
        parties.create()
    now[0] = 12.0
    assert parties.close_idle([busy.party_id]) == [idle.party_id] and len(parties) == 1
    parties.close_all()
    assert len(parties) == 0 and not parties.knows(busy.keys["player"])
