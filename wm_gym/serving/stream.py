"""Sockets: a client's stream of messages, and watching someone else's session."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from typing import Any

from wm_gym.serving.gate import refused
from wm_gym.serving.messages import CHANGES_PICTURE, Asked, do, read_message
from wm_gym.serving.refusing import as_json, sentence_of
from wm_gym.serving.replies import Wanted, description_of, reply_to
from wm_gym.serving.rooms import Room, Rooms
from wm_gym.serving.session import Session, Shown
from wm_gym.serving.sessions import UnknownSessionError
from wm_gym.serving.spaces import describe
from wm_gym.serving.wire import pack
from wm_gym.serving.worker import Worker

try:
    from fastapi import WebSocket, WebSocketDisconnect
    from fastapi.websockets import WebSocketState
except ImportError as error:
    raise ImportError("a server of worlds needs FastAPI and uvicorn: pip install 'wm-gym[serve]'") from error

SESSION_ENDED = 4404
"""Code with which a socket is closed when its session is there no longer."""

CONNECTION_LOST = 1006
"""Code of a connection that ended without one."""

Reply = bytes | str


class Streams:
    """Answers the messages of clients.

    Args:
        worker: Computes.
        rooms: Of its sessions.
    """

    def __init__(self, worker: Worker, rooms: Rooms) -> None:
        self._worker, self._rooms = worker, rooms

    async def steer(self, websocket: WebSocket, session_id: str) -> None:
        """Answer the messages of one who steers a session, until the client goes or the session ends."""
        try:
            session = await self._worker.call(self._worker.sessions.find, session_id)
        except UnknownSessionError as error:
            await refuse(websocket, error)
            return
        await websocket.accept()
        try:
            await websocket.send_text(as_json({"hello": True, **description_of(session)}))
            while True:
                await send(websocket, await self.answer(session, await receive(websocket)))
        except WebSocketDisconnect:
            return
        except UnknownSessionError:
            with suppress(WebSocketDisconnect):  # the client may have gone as well
                await websocket.close(SESSION_ENDED)

    async def watch(self, websocket: WebSocket, watch_id: str) -> None:
        """Show what a session shows, until the client goes or the session ends."""
        with ExitStack() as leaving:
            try:
                session = await self._worker.call(self._worker.sessions.find_watched, watch_id)
                queue = leaving.enter_context(self._rooms.of(session.session_id).watching())
            except (UnknownSessionError, RuntimeError) as error:
                await refuse(websocket, error)
                return
            await websocket.accept()
            shown = {key: value for key, value in description_of(session).items() if key != "id"}
            await websocket.send_text(as_json({"hello": True, **shown}))
            if session.is_open:
                queue.put_nowait(await self._worker.call(lambda: pack(reply_to(session.shown, Wanted()))))
            await _forward(websocket, queue)

    async def answer(self, session: Session, message: Reply) -> Reply:
        """Reply to a message: the last one again for the same id, and an error as one sentence.

        Raises:
            UnknownSessionError: If the session has ended.
        """
        room = self._rooms.of(session.session_id)
        async with room.lock:
            await self._worker.call(self._worker.sessions.find, session.session_id)
            try:
                asked = read_message(message)
            except ValueError as error:
                return _error(None, error)
            if asked.number == session.last_message:
                return session.last_reply
            if asked.number < session.last_message:
                over = f"id must be over the last one, {session.last_message}, got {asked.number}"
                return _error(asked.number, ValueError(over))
            session.last_reply = await self._reply(session, asked, room)
            session.last_message = asked.number
            return session.last_reply

    async def _reply(self, session: Session, asked: Asked, room: Room) -> Reply:
        try:
            reply, for_watchers = await self._done(session, asked, watched=bool(room.watchers))
        except UnknownSessionError:
            raise
        except Exception as error:  # whatever happens in a world, the connection lives on
            return _error(asked.number, error)
        if for_watchers is not None:
            room.show(for_watchers)
        return reply

    async def _done(self, session: Session, asked: Asked, *, watched: bool) -> tuple[bytes, bytes | None]:
        """Reply to what was asked, and what watchers see of it."""
        watched = watched and asked.doing in CHANGES_PICTURE

        def finish(shown: Shown) -> tuple[bytes, bytes | None]:
            reply = {"id": asked.number, "ok": True} | reply_to(shown, asked.wanted)
            reply["can_undo"] = len(session.past)
            return pack(reply), pack(reply_to(shown, Wanted())) if watched else None

        def do_it() -> tuple[bytes, bytes | None]:
            do(self._worker.sessions, session, asked)
            return finish(session.shown)

        if asked.doing == "step":
            return await self._worker.step(session.session_id, asked.fields.get("action"), finish)
        if asked.doing == "spaces":
            return pack({"id": asked.number, "ok": True} | _spaces(session)), None
        return await self._worker.call(do_it)


def _spaces(session: Session) -> dict[str, Any]:
    core = session.group.core
    return {
        "observation_space": describe(core.observation_space),
        "action_space": describe(core.action_space),
        "metadata": core.metadata,
    }


def _error(number: int | None, error: Exception) -> str:
    return as_json({"id": number, "ok": False, "error": sentence_of(error)})


async def refuse(websocket: WebSocket, error: Exception) -> None:
    """Turn a connection away with a status of HTTP."""
    await refused(websocket.scope, websocket.send, error)


async def receive(websocket: WebSocket) -> Reply:
    """The next message of a client.

    Raises:
        WebSocketDisconnect: If it has gone.
    """
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    return message["bytes"] if message.get("bytes") is not None else message["text"]


async def closing_code(websocket: WebSocket) -> int:
    """The code with which a client has gone, which stands behind all that it had sent."""
    try:
        while True:
            await receive(websocket)
    except WebSocketDisconnect as gone:
        return gone.code


async def send(websocket: WebSocket, reply: Reply) -> None:
    """Send a reply as bytes or text.

    Raises:
        WebSocketDisconnect: If the client has gone.
    """
    if websocket.application_state is WebSocketState.DISCONNECTED:  # noticed by another task that sent
        raise WebSocketDisconnect(CONNECTION_LOST)
    await (websocket.send_bytes(reply) if isinstance(reply, bytes) else websocket.send_text(reply))


async def _forward(websocket: WebSocket, queue: asyncio.Queue[bytes | None]) -> None:
    """Send what comes in a queue until it ends, or the client goes."""
    gone = asyncio.create_task(_until_gone(websocket))
    try:
        while True:
            coming = asyncio.create_task(queue.get())
            await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                coming.cancel()
                return
            frames = coming.result()
            if frames is None:
                await websocket.close(SESSION_ENDED)
                return
            await websocket.send_bytes(frames)
    except WebSocketDisconnect:
        return
    finally:
        gone.cancel()


async def _until_gone(websocket: WebSocket) -> None:
    """Read and forget what a watcher sends."""
    try:
        while True:
            await receive(websocket)
    except WebSocketDisconnect:
        return
