"""The backend `sglang`: world models in SGLang's realtime video sessions (LingBot-World, SANA-WM, minWM).

Source: sgl-project/sglang, `multimodal_gen/runtime/entrypoints/openai/realtime/realtime_video_api.py` at 0133260 and
`realtime_output_adapter.py` at 008b79d. One WebSocket, `/v1/realtime_video/generate`, is one session:

- the client sends MessagePack: {"type": "init", "prompt", "first_frame", "size": "WxH", "seed", "fps", ...}, then
  {"type": "event", "kind", "payload", "event_id"} of kind "camera_actions" (for each item the keys held), "prompt" or
  "composite_input" (both at once);
- the server sends "frame_batch" messages, or where they are large a "frame_batch_header" and the bytes by themselves,
  with `chunk_index`, `event_id` of what it last heard of, and `is_final_frame_batch`; beside them "chunk_stats" and
  "trace_event", and "error".

A session runs on by itself: chunks come whether or not anybody asks. A step here sends keys under a number and takes
the first chunk that names it; what came before shows a camera at rest and is passed over. So frames depend on how
fast steps follow one another, and a walk made again differs.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from wm_gym.backends.foreign.messages import Connection, checked_url
from wm_gym.backends.foreign.session_model import ServerFrames, SessionModel, SessionOpening, SessionStep
from wm_gym.events.kinds import FREE_TEXT
from wm_gym.geometry.motion import KEYS
from wm_gym.world_model import ModelSpec


class SglangModel(SessionModel):
    """Worlds in sessions of an SGLang server, steered by keys and text."""

    def __init__(
        self,
        height: int,
        width: int,
        *,
        url: str,
        server_height: int = 0,
        server_width: int = 0,
        first_frames: int = 9,
        frames_per_step: int = 12,
        actions_per_step: int = 3,
        fps: float = 16.0,
        timeout_seconds: float = 120.0,
        most_sessions: int = 64,
    ) -> None:
        """Open no session yet.

        Args:
            height: Rows of a frame of the world.
            width: Columns.
            url: Of the server, such as "ws://127.0.0.1:30000".
            server_height: Rows of the server's frames; 0 for `height`.
            server_width: Columns; 0 for `width`.
            first_frames: Frames of its first chunk.
            frames_per_step: Frames of each later chunk.
            actions_per_step: Items of keys in a chunk: its latents (LingBot-World) or frames (SANA-WM).
            fps: Frames of world time in a second.
            timeout_seconds: Longest wait for a message.
            most_sessions: Sessions that stay open.
        """
        server = ServerFrames(server_height, server_width, first_frames, frames_per_step, fps)
        size = (server_height or height, server_width or width)
        spec = ModelSpec(
            "sglang", height, width, frames_per_step, fps, first_frames, steered_by="keys", opens_from=("image",),
            takes_text=True, shows_events=(FREE_TEXT,), licence="that of the model which the server runs",
        )  # fmt: skip

        def connect() -> SglangSession:
            return SglangSession(checked_url(url), size, actions_per_step, fps, timeout_seconds)

        super().__init__(spec, server, connect, most_sessions)


class SglangSession:
    """One session of the server."""

    def __init__(self, url: str, size: tuple[int, int], actions: int, fps: float, timeout_seconds: float) -> None:
        """Connect."""
        self._connection = Connection(f"{url}/v1/realtime_video/generate", timeout_seconds)
        self._size, self._actions, self._fps = size, actions, fps
        self._number, self._prompt = 0, ""

    def open(self, opening: SessionOpening) -> np.ndarray:
        """The first chunk.

        Raises:
            ConnectionError: If the server has gone.
            RuntimeError: If it refuses.
        """
        self._prompt = opening.prompt
        picture = io.BytesIO()
        Image.fromarray(opening.picture).save(picture, "PNG")
        self._connection.send(
            {
                "type": "init", "prompt": opening.prompt, "first_frame": picture.getvalue(), "seed": opening.seed,
                "size": f"{self._size[1]}x{self._size[0]}", "fps": int(self._fps), "realtime_output_format": "raw",
                "realtime_output_pacing": True,
            }
        )  # fmt: skip
        return next(frames for header, frames in self._chunks() if header["chunk_index"] == 0)

    def step(self, step: SessionStep) -> np.ndarray:
        """The chunk that hears these keys first.

        Raises:
            ConnectionError: If the server has gone.
            RuntimeError: If it refuses.
        """
        self._number += 1
        actions = held_keys(step.keys, self._actions)
        event: dict[str, Any] = {"type": "event", "event_id": self._number}
        if step.prompt == self._prompt:
            event |= {"kind": "camera_actions", "payload": actions}
        else:
            payload = {"input_types": ["prompt", "camera_actions"], "prompt": step.prompt, "camera_actions": actions}
            event |= {"kind": "composite_input", "payload": payload}
        self._connection.send(event)
        self._prompt = step.prompt
        return next(frames for header, frames in self._chunks() if header.get("event_id") == self._number)

    def close(self) -> None:
        """End the session by leaving it."""
        self._connection.close()

    def _chunks(self) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        """Chunks as they come, each with the header of its last message."""
        parts: list[np.ndarray] = []
        while True:
            message = self._connection.receive_message()
            kind = message.get("type") if isinstance(message, dict) else None
            if kind == "error":
                raise RuntimeError(f"the server refuses: {message.get('content')}")
            if kind not in ("frame_batch", "frame_batch_header"):
                continue  # statistics and traces
            content = message["payload"] if kind == "frame_batch" else self._bytes()
            parts.append(frames_of(message, content))
            if message["is_final_frame_batch"]:
                yield message, np.concatenate(parts)
                parts = []

    def _bytes(self) -> bytes:
        content = self._connection.receive()
        if isinstance(content, str):
            raise RuntimeError(f"the server must send the bytes of its frames, got {content[:60]!r}")
        return content


def frames_of(header: dict[str, Any], content: bytes) -> np.ndarray:
    """Frames (T, H, W, 3) uint8 of a message.

    Raises:
        RuntimeError: If they are not raw, or not as many bytes as the header says.
    """
    shape = (header["num_frames"], header.get("height", 0), header.get("width", 0), 3)
    if header.get("encoding", "raw") != "raw" or len(content) != np.prod(shape):
        raise RuntimeError(
            f"the server must send {shape} raw bytes of colour, got {len(content)} of {header.get('content_type')!r}"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def held_keys(keys: np.ndarray, items: int) -> list[list[str]]:
    """Names of the keys held in each of so many equal parts of (T, 8) frames, at their first frame."""
    at = [item * len(keys) // items for item in range(items)]
    return [[name.lower() for name, is_held in zip(KEYS, keys[frame], strict=True) if is_held] for frame in at]
