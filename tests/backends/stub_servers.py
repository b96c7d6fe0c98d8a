"""Servers that speak SGLang's and vLLM-Omni's realtime video as their repositories define it, without a model.

Frames tell what was asked: red the steps forward that were walked, green the length of the prompt, blue the seed.
"""

import queue
import threading
from contextlib import contextmanager

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from wm_gym.backends.foreign.messages import pack, unpack

HEIGHT, WIDTH, FIRST, STEP, ACTIONS, OVERLAP = 48, 64, 3, 4, 2, 2
LARGE = 20_000  # bytes, from which on SGLang sends header and frames apart; theirs is 65,536


def painted(count, red, prompt, seed):
    frames = np.zeros((count, HEIGHT, WIDTH, 3), np.uint8)
    frames[...] = [red % 256, len(prompt) % 256, seed % 256]
    return frames


class SglangStub:
    """Sessions that run on by themselves: sgl-project/sglang, `realtime_video_api.py` at 0133260."""

    path = "/v1/realtime_video/generate"

    def __init__(self, refuses=""):
        self.refuses, self.sessions = refuses, []

    def __call__(self, socket):
        assert socket.request.path == self.path
        opening = unpack(socket.recv())
        self.sessions.append(opening)
        if self.refuses:
            socket.send(pack({"type": "error", "content": self.refuses}))
            return
        events = queue.Queue()
        threading.Thread(target=self._listen, args=(socket, events), daemon=True).start()
        script, heard, prompt, forward = [], None, opening["prompt"], 0
        chunk = 0
        while True:
            try:
                event = events.get(timeout=0.05)  # its pace: a chunk in so many seconds, asked or not
            except queue.Empty:
                event = None
            if event == "gone":
                return
            if event is not None:
                kind, payload = event["kind"], event["payload"]
                given = payload if kind == "composite_input" else {kind: payload}
                prompt, script = given.get("prompt", prompt), given.get("camera_actions", script)
                number = event["event_id"]
            held, script = script[:ACTIONS], script[ACTIONS:]
            heard = number if held else heard
            forward += sum("w" in keys for keys in held)
            count = FIRST if chunk == 0 else STEP
            try:
                socket.send(pack({"type": "trace_event", "trace": {}}))
                self._send(socket, chunk, heard, painted(count, forward, prompt, opening["seed"]))
                socket.send(pack({"type": "chunk_stats", "chunk_index": chunk}))
            except ConnectionClosed:
                return
            chunk += 1

    def _listen(self, socket, events):
        try:
            for message in socket:
                events.put(unpack(message))
        finally:
            events.put("gone")

    def _send(self, socket, chunk, heard, frames):
        halves = [frames[:2], frames[2:]]
        for index, part in enumerate(halves):
            header = {
                "type": "frame_batch_header", "request_id": "r", "chunk_index": chunk, "content_type": "video/raw",
                "num_frames": len(part), "total_size": part.nbytes, "frame_batch_index": index,
                "num_frame_batches": len(halves), "is_final_frame_batch": index == len(halves) - 1, "format": "rgb24",
                "width": WIDTH, "height": HEIGHT, "channels": 3, "encoding": "raw", "raw_size": part.nbytes,
            }  # fmt: skip
            if heard is not None:
                header["event_id"] = heard
            if part.nbytes >= LARGE:
                socket.send(pack(header))
                socket.send(part.tobytes())
            else:
                socket.send(pack({**header, "type": "frame_batch", "payload": part.tobytes()}))


class VllmOmniStub:
    """One request, one chunk: vllm-project/vllm-omni, `camera_connection.py` at 0109533."""

    path = "/v1/realtime/world/camera"

    def __init__(self, fails_at=-1):
        self.fails_at, self.requests = fails_at, []

    def __call__(self, socket):
        assert socket.request.path == self.path
        socket.send(pack({"model_name": "stub", "image_width": WIDTH, "image_height": HEIGHT}))
        last = 0.0
        for message in socket:
            request = unpack(message)
            self.requests.append(request)
            if len(self.requests) - 1 == self.fails_at:
                socket.send(pack({"type": "error", "message": "Internal inference error"}))
                continue
            body, poses = request["extra_body"], request["camera"]["poses"]
            assert poses.shape == (body["num_frames"], 4, 4) and poses.dtype == np.float32
            assert request["camera"]["intrinsics"].shape == (body["num_frames"], 4)
            frames = painted(len(poses), 0, request["prompt"], body["seed"])
            frames[..., 0] = np.rint(np.abs(poses[:, 2, 3]) * 100).astype(np.uint8)[:, None, None]  # forward is z
            if "image" not in request:
                frames[:OVERLAP, ..., 0] = last  # the frames that it goes on from
            last = frames[-1, 0, 0, 0]
            total = -(-len(frames) // 4)
            for index in range(total):
                part = list(frames[4 * index : 4 * index + 4])
                socket.send(pack({"type": "frame", "index": index, "total": total, "video": part}))


@contextmanager
def served(stub):
    """The address of a stub that serves while this lasts."""
    with serve(stub, "127.0.0.1", 0, max_size=None, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
