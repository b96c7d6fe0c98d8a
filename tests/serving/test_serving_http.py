import pytest
from small_server import KEY, TOKEN, client, opened, small_sessions

from wm_gym.envs.replay.format import Replay
from wm_gym.serving.routes import NewSession
from wm_gym.serving.sessions import Sessions

EVERY = [
    ("GET", "/offer"),
    ("POST", "/sessions"),
    ("GET", "/sessions/x"),
    ("DELETE", "/sessions/x"),
    ("POST", "/sessions/x/fork"),
    ("POST", "/sessions/x/events"),
    ("DELETE", "/sessions/x/events"),
    ("GET", "/sessions/x/state"),
    ("PUT", "/sessions/x/state"),
    ("POST", "/sessions/x/recording"),
    ("GET", "/sessions/x/recording"),
]
BODIES = {"/sessions/x/events": {"text": "fog"}}


@pytest.fixture(scope="module")
def http():
    with client(most_sessions=3) as one:
        yield one


def test_a_session_is_opened_described_forked_and_closed(http):
    one = opened(http, seed=3)
    assert one["is_open"] and one["backend"] == "memory_only" and (one["height"], one["width"]) == (36, 48)
    assert http.get(f"/sessions/{one['id']}").json() == one
    fork = http.post(f"/sessions/{one['id']}/fork").json()
    assert fork["id"] not in (one["id"], one["watch"]) and fork["is_open"]
    for session in (one, fork):
        assert http.delete(f"/sessions/{session['id']}").status_code == 204
        assert http.get(f"/sessions/{session['id']}").status_code == 404


@pytest.mark.parametrize(("method", "path"), EVERY)
@pytest.mark.parametrize("headers", [{"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}, {}])
def test_without_the_token_nothing_is_answered(http, method, path, headers):
    http.headers.pop("Authorization", None)
    try:
        answer = http.request(method, path, headers=headers)
    finally:
        http.headers.update(KEY)
    assert answer.status_code == 401
    assert answer.json() == {"error": "a request must carry the server's token, got none or another"}


def test_the_token_may_come_in_the_query(http):
    http.headers.pop("Authorization")
    try:
        assert http.get("/offer", params={"token": TOKEN}).status_code == 200
    finally:
        http.headers.update(KEY)


@pytest.mark.parametrize(("method", "path"), [row for row in EVERY if "/x" in row[1]])
def test_an_id_of_none_is_not_found(http, method, path):
    params = {"event": "fog"} if method == "DELETE" else None
    answer = http.request(method, path, json=BODIES.get(path), params=params)
    assert answer.status_code == 404
    assert answer.json() == {"error": "a session must be one that is open on this server, got an id of none"}


def test_an_id_for_watching_does_not_steer(http):
    one = opened(http)
    assert http.get(f"/sessions/{one['watch']}").status_code == 404
    http.delete(f"/sessions/{one['id']}")


def test_a_full_server_says_so_and_takes_more_when_one_has_gone(http):
    held = [opened(http)["id"] for _ in range(3)]
    answer = http.post("/sessions", json={})
    assert answer.status_code == 503
    assert answer.json()["error"] == "sessions must be at most 3 at once, got one more; close one or come back later"
    assert http.post(f"/sessions/{held[0]}/fork").status_code == 503
    for session_id in held:
        http.delete(f"/sessions/{session_id}")
    http.delete(f"/sessions/{opened(http)['id']}")


def test_a_fault_of_the_server_is_told_in_json_and_the_server_lives_on(http, monkeypatch):
    def fails(*asked):
        raise KeyError("secret")

    kind = type(http)
    with monkeypatch.context() as patched:
        patched.setattr(Sessions, "create", fails)
        answer = kind(http.app, headers=KEY, raise_server_exceptions=False).post("/sessions", json={})
    assert answer.status_code == 500 and answer.json() == {"error": "the server could not do this: KeyError"}
    http.delete(f"/sessions/{opened(http)['id']}")


def test_a_recording_without_a_step_is_downloaded(http):
    one = opened(http)["id"]
    http.post(f"/sessions/{one}/recording")
    assert Replay.from_bytes(http.get(f"/sessions/{one}/recording").content).num_steps == 0
    http.delete(f"/sessions/{one}")


def test_what_cannot_open_leaves_no_session_behind(http):
    for _ in range(4):
        assert http.post("/sessions", json={"options": {"prompt": 3}}).status_code == 400
    http.delete(f"/sessions/{opened(http)['id']}")


def test_events_start_and_stop(http):
    one = opened(http)["id"]
    assert http.post(f"/sessions/{one}/events", json={"text": "fog rises", "for_steps": 3}).json()["can_undo"] == 1
    answer = http.delete(f"/sessions/{one}/events", params={"event": "rain"})
    assert answer.status_code == 400 and "rain" in answer.json()["error"]
    http.delete(f"/sessions/{one}")


def test_the_page_and_the_schema_are_for_everybody(http):
    http.headers.pop("Authorization")
    try:
        schema = http.get("/openapi.json").json()
        assert "<canvas" in http.get("/").text and "openapi.json" in http.get("/docs").text
        assert http.get("/page/main.js").headers["content-type"].startswith("text/javascript")
    finally:
        http.headers.update(KEY)
    assert set(schema["components"]["schemas"]["NewSession"]["properties"]) == set(NewSession.model_fields)
    described = [one for path, asked in schema["paths"].items() if "openenv" not in path for one in asked.values()]
    assert len(described) == len(EVERY) + 4
    assert all({"400", "401", "404", "413", "422", "503"} < set(one["responses"]) for one in described)
    assert all(one["security"] == [{"HTTPBearer": []}] for one in described)
    known = {one["operationId"] for one in described}
    for path in ("/sessions", "/sessions/{session_id}/fork", "/parties"):
        links = schema["paths"][path]["post"]["responses"]["201"]["links"]
        assert links and {link["operationId"] for link in links.values()} <= known


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page//etc/passwd", "/nowhere", "/page/x"])
def test_nothing_but_the_page_is_read_from_the_host(http, path):
    answer = http.get(path)
    assert answer.status_code == 404 and answer.json()["error"].startswith(
        "a request must be one that /docs lists, got"
    )


def test_a_session_that_nobody_uses_is_closed():
    now = [0.0]
    sessions = small_sessions(idle_seconds=10.0)
    sessions._clock = lambda: now[0]
    used, idle = sessions.create(), sessions.create()
    now[0] = 9.0
    sessions.find(used.session_id)
    now[0] = 12.0
    assert sessions.close_idle() == [idle.session_id] and sessions.ids() == {used.session_id}
    sessions.close_all()
    assert len(sessions) == 0
