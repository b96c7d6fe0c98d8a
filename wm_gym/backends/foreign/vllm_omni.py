"""The backend `vllm_omni`: LingBot-World in vLLM-Omni's camera sessions.

Source: vllm-project/vllm-omni, `vllm_omni/entrypoints/openai/realtime/world/camera_connection.py` at 0109533,
`camera_serving.py` at 34c59f8, and `examples/online_serving/lingbot_world_fast/openai_client.py`. On the WebSocket
`/v1/realtime/world/camera`:

- the server greets with a map of its settings;
- the client sends MessagePack with arrays: {"prompt", "session_id", "camera": {"poses": (T, 4, 4), "intrinsics":
  (T, 4)}, "extra_body": {"height", "width", "num_frames", "fps", "seed"}}, and "image" (H, W, 3) uint8 the first time;
- the server answers with {"type": "frame", "index", "total", "video"} messages, which together hold T frames, or with
  {"type": "error", "message"}.

One request is one chunk, so nothing is generated that nobody asks for. The first frames of every chunk but the first
repeat what it goes on from (`overlap_frames`); they are asked for at the last pose, and dropped.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import numpy as np

from wm_gym.backends.foreign.messages import Connection, checked_url
from wm_gym.backends.foreign.session_model import ServerFrames, SessionModel, SessionOpening, SessionStep
from wm_gym.events.kinds import FREE_TEXT
from wm_gym.world_model import ModelSpec


class VllmOmniModel(SessionModel):
    """Worlds in sessions of a vLLM-Omni server, steered by camera poses and text."""

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
        overlap_frames: int = 4,
        fps: float = 16.0,
        timeout_seconds: float = 120.0,
        most_sessions: int = 64,
    ) -> None:
        """Open no session yet.

        Args:
            height: Rows of a frame of the world.
            width: Columns.
            url: Of the server, such as "ws://127.0.0.1:8091".
            server_height: Rows of the server's frames; 0 for `height`.
            server_width: Columns; 0 for `width`.
            first_frames: Frames that are asked for first, at the opening pose.
            frames_per_step: New frames of each step.
            overlap_frames: Frames before them that each chunk repeats.
            fps: Frames of world time in a second.
            timeout_seconds: Longest wait for a message.
            most_sessions: Sessions that stay open.

        Raises:
            ValueError: If `overlap_frames` is below 0, or a size does not fit.
        """
        if overlap_frames < 0:
            raise ValueError(f"overlap_frames must be at least 0, got {overlap_frames}")
        server = ServerFrames(server_height, server_width, first_frames, frames_per_step, fps)
        size = (server_height or height, server_width or width)
        spec = ModelSpec(
            "vllm_omni", height, width, frames_per_step, fps, first_frames, opens_from=("image",), takes_text=True,
            shows_events=(FREE_TEXT,), licence="that of the model which the server runs",
        )  # fmt: skip

        def connect() -> VllmOmniSession:
            return VllmOmniSession(checked_url(url), size, first_frames, overlap_frames, fps, timeout_seconds)

        super().__init__(spec, server, connect, most_sessions)


class VllmOmniSession:
    """One session of the server."""

    def __init__(
        self, url: str, size: tuple[int, int], first_frames: int, overlap: int, fps: float, timeout_seconds: float
    ) -> None:
        """Connect, and hear the greeting."""
        self._connection = Connection(f"{url}/v1/realtime/world/camera", timeout_seconds)
        self._size, self._first, self._overlap, self._fps = size, first_frames, overlap, fps
        self._name = uuid4().hex
        self._seed, self._intrinsics = 0, np.zeros(4, np.float32)
        self._last = np.eye(4, dtype=np.float32)
        self._refuse(self._connection.receive_message())

    def open(self, opening: SessionOpening) -> np.ndarray:
        """Frames at the opening pose.

        Raises:
            ConnectionError: If the server has gone.
            RuntimeError: If it refuses.
        """
        self._seed, self._intrinsics = opening.seed, opening.intrinsics
        poses = np.repeat(self._last[None], self._first, axis=0)
        return self._asked(poses, opening.prompt, {"image": opening.picture})

    def step(self, step: SessionStep) -> np.ndarray:
        """Frames at these poses.

        Raises:
            ConnectionError: If the server has gone.
            RuntimeError: If it refuses.
        """
        before = np.repeat(self._last[None], self._overlap, axis=0)
        frames = self._asked(np.concatenate([before, step.poses]), step.prompt, {})
        self._last = step.poses[-1]
        return frames[self._overlap :]

    def close(self) -> None:
        """End the session by leaving it."""
        self._connection.close()

    def _asked(self, poses: np.ndarray, prompt: str, more: dict[str, Any]) -> np.ndarray:
        count = len(poses)
        body = {
            "height": self._size[0], "width": self._size[1], "num_frames": count, "fps": int(self._fps),
            "session_id": self._name, "seed": self._seed,
        }  # fmt: skip
        camera = {"poses": poses, "intrinsics": np.repeat(self._intrinsics[None], count, axis=0)}
        self._connection.send(
            {"prompt": prompt, "session_id": self._name, "camera": camera, "extra_body": body, **more}
        )
        return self._frames()

    def _frames(self) -> np.ndarray:
        parts: list[np.ndarray] = []
        total = 1
        while len(parts) < total:
            message = self._connection.receive_message()
            self._refuse(message)
            if isinstance(message, dict) and message.get("type") == "frame":
                parts.append(colours_of(message["video"]))
                total = message["total"]
        return np.concatenate(parts)

    def _refuse(self, message: Any) -> None:
        if isinstance(message, dict) and message.get("type") == "error":
            raise RuntimeError(f"the server refuses: {message.get('message')}")


def colours_of(video: Any) -> np.ndarray:
    """Frames (T, H, W, 3) uint8 of an array or a list of frames; numbers of other kinds are shares of 1.

    Raises:
        RuntimeError: If they are no frames.
    """
    frames = np.stack(list(video))
    if frames.ndim != 4 or frames.shape[-1] != 3:
        raise RuntimeError(f"the server must send frames of shape (T, H, W, 3), got {frames.shape}")
    if frames.dtype == np.uint8:
        return frames
    return np.rint(np.clip(frames, 0, 1) * 255).astype(np.uint8)
