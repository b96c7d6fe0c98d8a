import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wm_gym.agents.vlm.agent import VLMAgent
from wm_gym.agents.vlm.chunk import ChunkLanguage
from wm_gym.agents.vlm.endpoint import Endpoint, EndpointConfig
from wm_gym.agents.vlm.grammar import ChunkGrammar

WALK = '[{"keys":"W","steps":2}]'
GRAMMAR = ChunkGrammar(ChunkLanguage())


def completion(text):
    message = {"role": "assistant", "content": text}
    return {
        "id": "1", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050},
    }  # fmt: skip


class Served(BaseHTTPRequestHandler):
    """Speaks the protocol, or fails to, as `server.behaviour` says."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, headers, body))
        status, told, wait = self.server.behaviour
        time.sleep(wait)
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # who does not wait for the answer has hung up


@pytest.fixture(scope="module")
def server():
    served = Server(("127.0.0.1", 0), Served)
    served.requests, served.behaviour = [], (200, completion(WALK), 0.0)
    thread = threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()


def endpoint(server, **settings):
    settings = {"timeout_seconds": 5.0, "retries": 0, **settings}
    return Endpoint(EndpointConfig(f"http://127.0.0.1:{server.server_port}/v1", "m", **settings))


def test_a_prompt_goes_out_and_its_answer_comes_back(server, prompt, monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret")
    server.requests.clear()
    server.behaviour = (200, completion(WALK), 0.0)
    replies = endpoint(server, api_key_env="MY_KEY", max_tokens=77, temperature=0.5).write([prompt], GRAMMAR)
    assert [reply.text for reply in replies] == [WALK] and replies[0].seconds > 0
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions" and headers["authorization"] == "Bearer secret"
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("m", 77, 0.5)
    assert body["messages"][0] == {"role": "system", "content": "the rules"}
    assert [part["type"] for part in body["messages"][1]["content"]] == ["image_url", "text", "text", "text"]


BEHAVIOURS = [
    ("good", (200, completion(WALK), 0.0), "", WALK),
    ("empty", (200, completion(""), 0.0), "", ""),
    ("nothing", (200, completion(None), 0.0), "", ""),
    ("words", (200, completion("I walk."), 0.0), "", "I walk."),
    ("broken", (200, b'{"choices": [', 0.0), "error", ""),
    ("no choices", (200, {"object": "chat.completion"}, 0.0), "error", ""),
    ("empty choices", (200, completion(WALK) | {"choices": []}, 0.0), "error", ""),
    ("not an object", (200, b'"hello"', 0.0), "error", ""),
    ("no body", (200, b"", 0.0), "error", ""),
    ("refused", (401, {"error": {"message": "no key"}}, 0.0), "error", ""),
    ("down", (500, {"error": {"message": "down"}}, 0.0), "error", ""),
    ("slow", (200, completion(WALK), 1.0), "slow", ""),
]


@pytest.mark.parametrize(
    ("behaviour", "problem", "text"), [row[1:] for row in BEHAVIOURS], ids=[r[0] for r in BEHAVIOURS]
)
def test_whatever_comes_back_is_a_reply(server, prompt, behaviour, problem, text):
    server.behaviour = behaviour
    wait = 0.3 if behaviour[2] else 5.0
    (reply,) = endpoint(server, timeout_seconds=wait).write([prompt], GRAMMAR)
    assert (reply.problem, reply.text) == (problem, text)
    assert bool(reply.told) == bool(problem)


def test_nobody_there_is_a_reply_too(prompt):
    (reply,) = Endpoint(EndpointConfig("http://127.0.0.1:9/v1", "m", retries=0)).write([prompt], GRAMMAR)
    assert reply.problem == "error"


def test_a_failed_request_is_sent_again(server, prompt):
    server.requests.clear()
    server.behaviour = (500, {}, 0.0)
    endpoint(server, retries=1).write([prompt], GRAMMAR)
    assert len(server.requests) == 2


def test_cost_and_latency_are_logged(server, prompt, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    server.behaviour = (200, completion(WALK), 0.0)
    log = tmp_path / "logs" / "calls.jsonl"
    asked = endpoint(server, log=str(log), dollars_per_million_in=2.0, dollars_per_million_out=8.0)
    asked.write([prompt, prompt], GRAMMAR)
    server.behaviour = (500, {}, 0.0)
    asked.write([prompt], GRAMMAR)
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["problem"] for row in rows] == ["", "", "error"]
    assert rows[0]["tokens_in"] == 1000 and rows[0]["tokens_out"] == 50
    assert rows[0]["dollars"] == pytest.approx(0.0024) and rows[2]["dollars"] == 0
    assert rows[0]["text"] == WALK and rows[0]["seconds"] > 0
    assert "secret" not in log.read_text()


def test_an_agent_walks_on_whatever_an_endpoint_does(server, make_env):
    env = make_env(1)
    agent = VLMAgent(
        env, endpoint=f"http://127.0.0.1:{server.server_port}/v1", model="m", retries=0, timeout_seconds=0.3,
        fallback_steps=1,
    )  # fmt: skip
    observation, info = env.reset(seed=0)
    agent.reset([0], [0])
    problems = []
    for _, behaviour, _, _ in BEHAVIOURS[1:]:
        server.behaviour = behaviour
        observation, _, _, _, info = env.step(agent.act(observation, info))
        problems.append(agent.log[-1]["problem"])
    assert problems == ["empty", "empty", "illegal", *["error"] * 7, "slow"]
    server.behaviour = (200, completion(WALK), 0.0)
    assert agent.act(observation, info)[0, 0] == 1
    assert agent.stats["asked"] == len(BEHAVIOURS) and agent.stats["legal"] == 1
