"""The server's application: HTTP, sockets and the page, behind the gate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import wm_gym
from wm_gym.serving.gate import Gate
from wm_gym.serving.openenv import OpenEnvRoutes
from wm_gym.serving.parties import Parties
from wm_gym.serving.party_routes import PartyRoutes
from wm_gym.serving.party_stream import PartyStreams
from wm_gym.serving.refusing import as_json, sentence_of, status_of
from wm_gym.serving.rooms import Rooms
from wm_gym.serving.routes import SessionRoutes
from wm_gym.serving.schema import REFUSALS, TOKEN
from wm_gym.serving.sessions import Sessions, UnknownSessionError
from wm_gym.serving.stream import Streams
from wm_gym.serving.worker import Worker

try:
    from fastapi import FastAPI, Request, Response
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import FileResponse
    from fastapi.staticfiles import StaticFiles
except ImportError as error:
    raise ImportError("a server of worlds needs FastAPI and uvicorn: pip install 'wm-gym[serve]'") from error

PAGE = Path(__file__).parent / "page"
_LOG = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
"""Time between two looks for sessions that nobody uses."""

_ERRORS = (UnknownSessionError, ValueError, TypeError, RuntimeError, OverflowError, ImportError)
_NO_ROUTE = (400, 404, 405)


def make_app(sessions: Sessions, token: str) -> FastAPI:
    """The application of a server.

    Args:
        sessions: Used by the application alone from now on.
        token: What clients must know.
    """
    worker, rooms = Worker(sessions), Rooms()
    parties = Parties(sessions.offer, sessions.limits)
    shared = PartyStreams(worker, parties)

    @asynccontextmanager
    async def alive(app: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(worker, rooms, parties, shared))
        yield
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        shared.end_all()
        await worker.call(parties.close_all)
        worker.close()

    app = FastAPI(title="wm-gym", version=wm_gym.__version__, docs_url=None, redoc_url=None, lifespan=alive)
    for routes in (SessionRoutes(worker, rooms), PartyRoutes(worker, parties, shared)):
        app.include_router(routes.router, responses=REFUSALS, dependencies=[TOKEN])
    app.include_router(OpenEnvRoutes(worker, token).router)
    streams = Streams(worker, rooms)
    app.add_api_websocket_route("/sessions/{session_id}/stream", streams.steer)
    app.add_api_websocket_route("/watch/{watch_id}", streams.watch)
    app.add_api_websocket_route("/join/{key}/stream", shared.join)
    _add_page(app)
    _add_errors(app)
    app.add_middleware(Gate, token=token, knows=parties.knows)
    return app


def _add_page(app: FastAPI) -> None:
    for path, file in (("/", "index.html"), ("/docs", "docs.html")):
        app.add_api_route(path, _file(file), include_in_schema=False)
    app.mount("/page", StaticFiles(directory=PAGE))


def _file(name: str):
    async def file() -> FileResponse:
        return FileResponse(PAGE / name)

    return file


def _add_errors(app: FastAPI) -> None:
    for kind in _ERRORS:
        app.add_exception_handler(kind, _refuse)
    app.add_exception_handler(Exception, _refuse)  # its own fault: told as such, and written to the log
    app.add_exception_handler(RequestValidationError, _refuse_request)
    for status in _NO_ROUTE:
        app.add_exception_handler(status, _refuse_route)


async def _refuse(request: Request, error: Exception) -> Response:
    return _said(status_of(error), sentence_of(error))


async def _refuse_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return _said(422, sentence_of(ValueError(f"a request must be as /docs says, got {where}: {first['msg']}")))


async def _refuse_route(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    asked = f"{request.method} {request.url.path}" if status != 400 else "a body that cannot be read"
    return _said(status, sentence_of(ValueError(f"a request must be one that /docs lists, got {asked}")))


def _said(status: int, sentence: str) -> Response:
    return Response(as_json({"error": sentence}), status, media_type="application/json")


async def _sweep(worker: Worker, rooms: Rooms, parties: Parties, shared: PartyStreams) -> None:
    """End sessions and shared worlds that nobody uses, for as long as the server lives."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            await worker.call(worker.sessions.close_idle)
            rooms.keep_only(await worker.call(worker.sessions.ids))
            for party_id in await worker.call(parties.close_idle, shared.busy):
                shared.end(party_id)
        except Exception:  # an engine that cannot be closed must not end the looking
            _LOG.exception("sessions that nobody uses could not be closed")
