"""The server as OpenEnv's clients know one: a WebSocket is an episode, asked to reset, step and tell its state.

Source: meta-pytorch/OpenEnv, `src/openenv/core/env_server/http_server.py` and `types.py`, and the client in
`env_client.py` and `generic_client.py`, all at 685de41. A client is given "http://HOST:PORT/openenv/TOKEN", to which it
adds "/ws"; it sends no headers, so the token stands in the path. Messages are JSON:

- {"type": "reset", "data": {"seed", "episode_id", ...}}, {"type": "step", "data": ACTION}, {"type": "state"},
  {"type": "close"};
- {"type": "observation", "data": {"observation", "reward", "done"}}, {"type": "state", "data": {"episode_id",
  "step_count", ...}}, {"type": "error", "data": {"message", "code"}}.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import wm_gym
from wm_gym.choices import check_known
from wm_gym.envs.options import OPTIONS
from wm_gym.serving.offer import CHOICES
from wm_gym.serving.pictures import encode
from wm_gym.serving.refusing import as_json, sentence_of
from wm_gym.serving.replies import numbers_of
from wm_gym.serving.session import Session, Shown
from wm_gym.serving.sessions import FullError
from wm_gym.serving.worker import Worker

try:
    from fastapi import APIRouter, HTTPException, WebSocket, WebSocketDisconnect
except ImportError as error:
    raise ImportError("a server of worlds needs FastAPI and uvicorn: pip install 'wm-gym[serve]'") from error

_WORDS = ("seed", "episode_id")
_OPTIONS = tuple(name for name in OPTIONS if name in ("prompt", "events", "world"))
_ACTION = ("action", "event", "metadata")


class RequestError(ValueError):
    """A message is none; `code` is OpenEnv's word for why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class OpenEnvRoutes:
    """The routes.

    Args:
        worker: Computes.
        token: What a client must know; it stands in the path.
    """

    def __init__(self, worker: Worker, token: str) -> None:
        self._worker, self._token = worker, token.encode()
        self.router = APIRouter(prefix="/openenv/{token}", include_in_schema=False)
        self.router.add_api_websocket_route("/ws", self.play)
        for path, answer in (("health", self.health), ("metadata", self.metadata), ("schema", self.schema)):
            self.router.add_api_route(f"/{path}", answer, methods=["GET"])

    async def health(self, token: str) -> dict[str, Any]:
        """That the server is up."""
        self._check(token)
        return {"status": "healthy"}

    async def metadata(self, token: str) -> dict[str, Any]:
        """What the environment is called."""
        self._check(token)
        description = "a video world model: walk by keys or twists, and change it by words"
        return {"name": "wm_gym", "description": description, "version": wm_gym.__version__}

    async def schema(self, token: str) -> dict[str, Any]:
        """What actions, observations and states are, as JSON Schema."""
        self._check(token)
        return {"action": ACTION_SCHEMA, "observation": OBSERVATION_SCHEMA, "state": STATE_SCHEMA}

    async def play(self, websocket: WebSocket, token: str) -> None:
        """Answer the messages of one client, whose episode ends with the connection."""
        if not self._knows(token):
            await websocket.close(1008)
            return
        await websocket.accept()
        episode = _Episode(self._worker)
        try:
            while (answer := await episode.answer(await websocket.receive_text())) is not None:
                await websocket.send_text(as_json(answer))
            await websocket.close()
        except WebSocketDisconnect:
            pass
        finally:
            await episode.close()

    def _knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token)

    def _check(self, token: str) -> None:
        if not self._knows(token):
            raise HTTPException(404)


@dataclass
class _Episode:
    """What one client plays.

    Attributes:
        worker: Computes.
        session: Of the server; None before the first reset.
        settings: That it was opened with.
        episode_id: The client's own word for it.
    """

    worker: Worker
    session: Session | None = None
    settings: Mapping[str, Any] | None = None
    episode_id: str | None = None

    async def answer(self, message: str) -> dict[str, Any] | None:
        """Reply to a message; None to the last one."""
        try:
            asked = read_message(message)
            if asked["type"] == "close":
                return None
            if asked["type"] == "reset":
                return await self._reset(asked.get("data", {}))
            if asked["type"] == "step":
                return await self._step(asked.get("data", {}))
            return {"type": "state", "data": await self.worker.call(self._state)}
        except Exception as error:  # whatever happens in a world, the connection lives on
            return {"type": "error", "data": {"message": sentence_of(error), "code": _code_of(error)}}

    async def close(self) -> None:
        """End the session, even where whoever waits for that is cancelled."""
        if self.session is not None:
            session, self.session = self.session, None
            await asyncio.shield(asyncio.create_task(self.worker.call(self._end, session)))

    async def _reset(self, data: Mapping[str, Any]) -> dict[str, Any]:
        check_known("reset", data, (*_WORDS, *CHOICES, *(name for name in _OPTIONS if name not in CHOICES)))
        settings = {name: data[name] for name in CHOICES if name in data and name not in _OPTIONS}
        options = {name: data[name] for name in _OPTIONS if name in data}
        shown = await self.worker.call(self._opened, settings, data.get("seed"), options)
        self.episode_id = data.get("episode_id")
        return _observation(shown, None)

    async def _step(self, data: Mapping[str, Any]) -> dict[str, Any]:
        check_known("an action", data, _ACTION)
        if "action" not in data:
            raise ValueError("an action must have the field 'action', got none")
        session = self._needed()
        if data.get("event"):
            await self.worker.call(session.trigger_event, data["event"])
        return await self.worker.step(
            session.session_id, data["action"], lambda shown: _observation(shown, shown.reward)
        )

    def _opened(self, settings: Mapping[str, Any], seed: int | None, options: dict[str, Any]) -> Shown:
        if self.session is None or self.settings != settings:
            session = self.worker.sessions.create(settings)
            if self.session is not None:
                self._end(self.session)
            self.session, self.settings = session, settings
        self.session.reset(seed, options)
        return self.session.shown

    def _end(self, session: Session) -> None:
        if session.session_id in self.worker.sessions.ids():
            self.worker.sessions.close(session.session_id)

    def _state(self) -> dict[str, Any]:
        told = {"episode_id": self.episode_id, "step_count": 0}
        if self.session is None or not self.session.is_open:
            return told
        numbers = numbers_of(self.session.shown)
        return told | {"step_count": numbers["step"], **{name: numbers[name] for name in _IN_STATE}}

    def _needed(self) -> Session:
        if self.session is None:
            raise RuntimeError("an episode must begin with a reset, got none")
        return self.session


_IN_STATE = ("is_success", "pose", "events", "task", "trust")


def read_message(message: str) -> dict[str, Any]:
    """A message of a client.

    Raises:
        RequestError: If it is none.
    """
    try:
        value = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise RequestError("INVALID_JSON", "a message must be JSON, got something else") from error
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("reset", "step", "state", "close"):
        raise RequestError("UNKNOWN_TYPE", f"type must be one of ['reset', 'step', 'state', 'close'], got {kind!r}")
    if not isinstance(value.get("data", {}), dict):
        raise RequestError("VALIDATION_ERROR", f"data must be an object, got {type(value['data']).__name__}")
    return value


def _observation(shown: Shown, reward: float | None) -> dict[str, Any]:
    """The last frame as a picture, and what is told in numbers."""
    numbers = numbers_of(shown)
    picture = encode(shown.state.outcome.chunk.frames[0, -1].cpu().numpy(), "png")
    assert isinstance(picture, bytes)
    observation = {"image": base64.b64encode(picture).decode("ascii"), "image_type": "image/png"}
    observation |= {name: value for name, value in numbers.items() if name not in ("reward", "terminated")}
    data = {"observation": observation, "reward": reward, "done": bool(numbers["terminated"])}
    return {"type": "observation", "data": data}


def _code_of(error: Exception) -> str:
    if isinstance(error, RequestError):
        return error.code
    if isinstance(error, FullError):
        return "CAPACITY_REACHED"
    return "VALIDATION_ERROR" if isinstance(error, ValueError | TypeError) else "EXECUTION_ERROR"


def _described(kind: str | list[str], description: str) -> dict[str, Any]:
    return {"type": kind, "description": description}


ACTION_SCHEMA = {
    "type": "object",
    "required": ["action"],
    "additionalProperties": False,
    "properties": {
        "action": _described(["integer", "array"], "by action mode: a number, eight keys, or four shares of speeds"),
        "event": _described("string", 'what starts or stops with this step, such as "it starts to snow"'),
        "metadata": _described("object", "not read"),
    },
}
OBSERVATION_SCHEMA = {
    "type": "object",
    "properties": {
        "image": _described("string", "the last frame of the step, base64"),
        "image_type": _described("string", "its kind of file"),
        "step": _described("integer", "steps since the episode began"),
        "is_success": _described("boolean", "whether the task is done"),
        "collided": _described("boolean", "whether something stopped the body"),
        "pose": _described("array", "x, y, z in metres, yaw and pitch in radians"),
        "events": _described("array", "what goes on"),
        "task": _described("object", "the task and how far it is"),
        "trust": _described("number", "share of what memory knew that may be believed, 0 to 1"),
        "num_frames": _described("integer", "frames that the step took"),
    },
}
STATE_SCHEMA = {
    "type": "object",
    "properties": {
        "episode_id": _described(["string", "null"], "the client's own"),
        "step_count": _described("integer", "steps since the episode began"),
        **{name: OBSERVATION_SCHEMA["properties"][name] for name in _IN_STATE},
    },
}
