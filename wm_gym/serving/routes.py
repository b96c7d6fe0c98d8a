"""Sessions over HTTP: opening, forking, saving, loading, recording and closing them. Stepping goes over the stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wm_gym.envs.tasks.registry import TASKS
from wm_gym.events.kinds import KINDS
from wm_gym.scenes.named import shipped_scenes
from wm_gym.serving.offer import CHOICES
from wm_gym.serving.replies import Wanted, description_of, reply_to
from wm_gym.serving.rooms import Rooms
from wm_gym.serving.schema import ANSWERS_BYTES, BYTES, TAKES_BYTES, leads_to
from wm_gym.serving.session import Session
from wm_gym.serving.wire import pack
from wm_gym.serving.worker import Worker

try:
    from fastapi import APIRouter, Request, Response
    from pydantic import BaseModel, Field
except ImportError as error:
    raise ImportError("a server of worlds needs FastAPI and uvicorn: pip install 'wm-gym[serve]'") from error

OF_A_SESSION = (
    "describe_session", "fork_session", "start_event", "stop_event", "save_state", "load_state", "begin_recording",
    "read_recording", "close_session",
)  # fmt: skip
"""Ids of the operations on one session, to which its creation leads."""


class NewWorld(BaseModel):
    """A world to open."""

    settings: dict[str, Any] = Field({}, description=f"Of the environment, among {', '.join(CHOICES)}.")
    seed: int | None = Field(None, ge=0, description="Of the world and of all that is random in it.")
    options: dict[str, Any] = Field({}, description='Of reset: "prompt", "world", "events" [{"at", "text", "for"}].')


class NewSession(NewWorld):
    """A session to open."""

    opens: bool = Field(True, description="Whether a world opens now; else with the first reset over the stream.")


class NewEvent(BaseModel):
    """An event that starts or stops."""

    text: str = Field(description='Anything that happens or ends, such as "it starts to snow".')
    for_steps: int | None = Field(None, ge=1, description="Steps until it begins to end by itself.")


class SessionRoutes:
    """The routes.

    Args:
        worker: Computes.
        rooms: Of its sessions.
    """

    def __init__(self, worker: Worker, rooms: Rooms) -> None:
        self._worker, self._sessions, self._rooms = worker, worker.sessions, rooms
        self.router = APIRouter()
        self.router.add_api_route("/offer", self.offer, methods=["GET"])
        opens = leads_to("session_id", "id", OF_A_SESSION)
        self.router.add_api_route("/sessions", self.create, methods=["POST"], status_code=201, responses=opens)
        add = self._add_operation
        add("describe_session", "GET", "", self.describe)
        add("fork_session", "POST", "/fork", self.fork, status_code=201, responses=opens)
        add("start_event", "POST", "/events", self.event)
        add("stop_event", "DELETE", "/events", self.stop_event)
        add("save_state", "GET", "/state", self.save, response_class=Response, responses=ANSWERS_BYTES)
        add("load_state", "PUT", "/state", self.load, openapi_extra=TAKES_BYTES)
        add("begin_recording", "POST", "/recording", self.record)
        add("read_recording", "GET", "/recording", self.recording, response_class=Response, responses=ANSWERS_BYTES)
        add("close_session", "DELETE", "", self.close, status_code=204)

    def _add_operation(self, name: str, method: str, path: str, answer: Callable[..., Any], **more: Any) -> None:
        """One of `OF_A_SESSION`, under the path of a session."""
        path = f"/sessions/{{session_id}}{path}"
        self.router.add_api_route(path, answer, methods=[method], operation_id=name, **more)

    async def offer(self) -> dict[str, Any]:
        """What a client may choose."""
        offered, limits = self._sessions.offer, self._sessions.limits
        return {
            "backends": offered.backends,
            "settings": CHOICES,
            "worlds": [*shipped_scenes(), "imagined"],
            "default_world": offered.settings.get("world"),
            "tasks": list(TASKS),
            "event_kinds": list(KINDS),
            "most_sessions": limits.most_sessions,
            "idle_seconds": limits.idle_seconds,
            "most_parties": limits.most_parties,
        }

    async def create(self, asked: NewSession) -> dict[str, Any]:
        """Open a session; its id is a secret that steers it, `watch` one that shows it."""

        def create() -> dict[str, Any]:
            session = self._sessions.create(asked.settings)
            try:
                if asked.opens:
                    session.reset(asked.seed, asked.options)
            except BaseException:
                self._sessions.close(session.session_id)
                raise
            return description_of(session)

        return await self._worker.call(create)

    async def describe(self, session_id: str) -> dict[str, Any]:
        """What a session is, and how far it has come."""
        return await self._worker.call(lambda: description_of(self._sessions.find(session_id)))

    async def close(self, session_id: str) -> None:
        """End a session."""
        await self._worker.call(self._sessions.close, session_id)
        self._rooms.end(session_id)

    async def fork(self, session_id: str) -> dict[str, Any]:
        """Open a session that goes on from this one's state by itself."""
        return await self._worker.call(lambda: description_of(self._sessions.fork(session_id)))

    async def event(self, session_id: str, asked: NewEvent) -> dict[str, Any]:
        """Start or stop an event from the next step on."""
        return await self._change(session_id, lambda one: one.trigger_event(asked.text, asked.for_steps))

    async def stop_event(self, session_id: str, event: str) -> dict[str, Any]:
        """End running events of a kind, or of a text, from the next step on."""
        return await self._change(session_id, lambda one: one.stop_event(event))

    async def save(self, session_id: str) -> Response:
        """The state, sealed, as bytes that `PUT` takes here or on a server with the same `state_key`."""
        return Response(await self._worker.call(self._sessions.save, session_id), media_type=BYTES)

    async def load(self, session_id: str, request: Request) -> dict[str, Any]:
        """Go on from a saved state."""
        data = await request.body()
        found = await self._change(session_id, lambda one: one.load(self._sessions.unsealed(data)))
        await self._show(session_id)
        return found

    async def record(self, session_id: str) -> dict[str, Any]:
        """Begin a recording with the state now."""
        return await self._change(session_id, lambda one: one.record())

    async def recording(self, session_id: str) -> Response:
        """The recording so far, a file for `wm-gym replay`."""

        def recorded() -> bytes:
            recording = self._sessions.find(session_id).recording
            if recording is None:
                raise ValueError("a recording must have been begun, got none")
            return recording.replay().to_bytes()

        return Response(await self._worker.call(recorded), media_type=BYTES)

    async def _change(self, session_id: str, change: Callable[[Session], None]) -> dict[str, Any]:
        """The description of a session after a change, which no message of its stream comes between."""

        def changed() -> dict[str, Any]:
            session = self._sessions.find(session_id)
            change(session)
            return description_of(session)

        async with self._rooms.of(session_id).lock:
            return await self._worker.call(changed)

    async def _show(self, session_id: str) -> None:
        """Show watchers what a session shows now."""
        room = self._rooms.of(session_id)
        if room.watchers:
            found = self._sessions.find
            room.show(await self._worker.call(lambda: pack(reply_to(found(session_id).shown, Wanted()))))
