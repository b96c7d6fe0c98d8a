"""The sockets of shared worlds: what a player, a director or a spectator may ask, and what each is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from wm_gym.envs.checking import read_flag
from wm_gym.serving.messages import Asked, needed, read_message
from wm_gym.serving.parties import Parties
from wm_gym.serving.party import ROLES, Party
from wm_gym.serving.refusing import as_json, sentence_of
from wm_gym.serving.replies import description_of_group
from wm_gym.serving.sessions import UnknownSessionError
from wm_gym.serving.stream import CONNECTION_LOST, SESSION_ENDED, closing_code, receive, refuse, send
from wm_gym.serving.table import RUN_ON_STEPS, Act, Table, Viewer
from wm_gym.serving.worker import Worker

try:
    from fastapi import WebSocket, WebSocketDisconnect
    from fastapi.websockets import WebSocketState
except ImportError as error:
    raise ImportError("a server of worlds needs FastAPI and uvicorn: pip install 'wm-gym[serve]'") from error

DOINGS: Mapping[str, tuple[str, ...]] = {
    "act": ("action",),
    "look": (),
    "follow": ("body",),
    "event": ("text", "for_steps"),
    "stop_event": ("event",),
    "time": ("on",),
}
"""What a message may ask for, and the fields that go with it."""

_LEFT_ON_PURPOSE = (1000, 1001)
"""Codes with which a client closes a socket or leaves a page."""

Reply = bytes | str


class PartyStreams:
    """Answers those who are in shared worlds.

    Args:
        worker: Computes.
        parties: Only the worker's thread uses them.
    """

    def __init__(self, worker: Worker, parties: Parties) -> None:
        self._worker, self._parties = worker, parties
        self._tables: dict[str, Table] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> set[str]:
        """Ids of parties to which somebody is connected."""
        return {party_id for party_id, table in self._tables.items() if table.viewers}

    def end(self, party_id: str) -> None:
        """Tell those who are connected that a party has ended."""
        if party_id in self._tables:
            self._tables.pop(party_id).close()

    def end_all(self) -> None:
        """Tell all who are connected that their parties have ended."""
        for party_id in list(self._tables):
            self.end(party_id)
        for going in self._leaving:
            going.cancel()

    async def join(self, websocket: WebSocket, key: str) -> None:
        """Answer one connection until the client goes or the party ends; a player may name its `seat` in the query."""
        try:
            party, role = await self._worker.call(self._parties.admit, key)
            table = self._table_of(party)
            viewer = await table.enter(role, websocket.query_params.get("seat"))
        except (UnknownSessionError, RuntimeError) as error:
            await refuse(websocket, error)
            return
        code = CONNECTION_LOST
        try:
            await websocket.accept()
            code = await self._talk(websocket, table, viewer)
        finally:
            going = asyncio.create_task(table.leave(viewer, is_lost=code not in _LEFT_ON_PURPOSE))
            self._leaving.add(going)
            going.add_done_callback(self._leaving.discard)

    def _table_of(self, party: Party) -> Table:
        if party.party_id not in self._tables:
            self._tables[party.party_id] = Table(self._worker, party)
        return self._tables[party.party_id]

    async def _talk(self, websocket: WebSocket, table: Table, viewer: Viewer) -> int:
        """Greet, then answer and show; the code with which the socket was closed."""
        greeting = {"hello": True, "role": viewer.role, "seat": viewer.seat, "body": viewer.body}
        sending = asyncio.Lock()
        try:
            await websocket.send_text(as_json(greeting | description_of_group(table.party.group)))
            viewer.show(await table.picture_for(viewer, None))
            showing = asyncio.create_task(_show(websocket, viewer, sending))
            try:
                while True:
                    reply = await self.answer(table, viewer, await receive(websocket))
                    if reply is not None:
                        async with sending:
                            await send(websocket, reply)
            finally:
                showing.cancel()
        except WebSocketDisconnect as gone:
            is_told = websocket.client_state is WebSocketState.DISCONNECTED  # else it was noticed in sending
            return gone.code if is_told else await closing_code(websocket)

    async def answer(self, table: Table, viewer: Viewer, message: Reply) -> Reply | None:
        """Reply to a message; None for an act, which is answered by the step in which it is done."""
        number = None
        try:
            asked = read_message(message, DOINGS)
            number = asked.number
            if asked.doing not in ROLES[viewer.role]:
                may = list(ROLES[viewer.role])
                raise ValueError(f"a {viewer.role} must ask for one of {may}, got {asked.doing!r}")
            return await self._do(table, viewer, asked)
        except Exception as error:  # whatever is asked, the connection lives on
            return as_json({"id": number, "ok": False, "error": sentence_of(error)})

    async def _do(self, table: Table, viewer: Viewer, asked: Asked) -> Reply | None:
        party, fields, call = table.party, asked.fields, self._worker.call
        if asked.doing == "act":
            assert viewer.seat is not None
            action = needed(fields, "action")
            party.group.action_mode.read(action, 1)
            viewer.wanted = asked.wanted
            table.act(viewer.seat, Act(asked.number, action))
            return None
        if asked.doing in ("look", "follow"):
            if asked.doing == "follow":
                viewer.body = await call(party.check_body, needed(fields, "body"))
            viewer.wanted = asked.wanted
            return await table.picture_for(viewer, asked.number)
        if asked.doing == "time":
            table.time_goes_on = read_flag("on", needed(fields, "on"))
            table.run_on(1)
        else:
            await call(_WRITE[asked.doing], party, fields)
            table.run_on(RUN_ON_STEPS)
        return as_json({"id": asked.number, "ok": True})


_WRITE: Mapping[str, Any] = {
    "event": lambda party, fields: party.trigger_event(needed(fields, "text"), fields.get("for_steps")),
    "stop_event": lambda party, fields: party.stop_event(needed(fields, "event")),
}


async def _show(websocket: WebSocket, viewer: Viewer, sending: asyncio.Lock) -> None:
    """Send what a connection is to see until the client goes or the party ends."""
    with suppress(WebSocketDisconnect, RuntimeError):  # the reader notices that the client has gone
        while True:
            await viewer.news.wait()
            viewer.news.clear()
            while viewer.waiting:
                reply = viewer.waiting.popleft()
                async with sending:
                    if reply is None:
                        await websocket.close(SESSION_ENDED)
                        return
                    await send(websocket, reply)
