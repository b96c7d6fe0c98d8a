"""Captions of films come from an endpoint that speaks OpenAI's protocol."""

import base64
import csv
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image
from test_curation import HEIGHT, WIDTH, pan, write

from wm_gym.cli import main

pytest.importorskip("openai")


class Describes(BaseHTTPRequestHandler):
    """Answers every request with one sentence, on two lines."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, body))
        message = {"role": "assistant", "content": "Blocks of colour\n on a wall."}
        told = {
            "id": "1", "object": "chat.completion", "created": 0, "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        }  # fmt: skip
        data = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    served = ThreadingHTTPServer(("127.0.0.1", 0), Describes)
    served.requests = []
    threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
    yield served
    served.shutdown()
    served.server_close()


def test_the_command_asks_once_for_each_span_that_is_kept(server, tmp_path):
    write(tmp_path / "films/fine.mp4", pan(1))
    write(tmp_path / "films/still.mp4", pan(2)[:1] * 24)
    argv = [
        "curate", f"from={tmp_path / 'films'}", f"output={tmp_path / 'out'}", f"least_rows={HEIGHT}",
        f"captions.endpoint=http://127.0.0.1:{server.server_port}/v1", "captions.model=m",
    ]  # fmt: skip
    for _ in range(2):
        assert main(argv) == 0
    rows = {row["file"]: row for row in csv.DictReader((tmp_path / "out/spans.csv").open())}
    assert rows["fine.mp4"]["caption"] == "Blocks of colour on a wall." and not rows["still.mp4"]["caption"]
    ((path, body),) = server.requests
    assert path == "/v1/chat/completions" and body["model"] == "m"
    parts = [part for message in body["messages"] for part in message["content"] if isinstance(part, dict)]
    (url,) = (part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    picture = Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2])))
    assert picture.size == (WIDTH, HEIGHT)
