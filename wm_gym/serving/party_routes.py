"""Shared worlds over HTTP: opening, describing and ending them, and what a key lets in to."""

from __future__ import annotations

from typing import Any

from wm_gym.serving.parties import Parties
from wm_gym.serving.party import MOST_PLAYERS, Party
from wm_gym.serving.party_stream import PartyStreams
from wm_gym.serving.replies import description_of_group
from wm_gym.serving.routes import NewWorld
from wm_gym.serving.schema import leads_to
from wm_gym.serving.worker import Worker

try:
    from fastapi import APIRouter
    from pydantic import Field
except ImportError as error:
    raise ImportError("a server of worlds needs FastAPI and uvicorn: pip install 'wm-gym[serve]'") from error

OF_A_PARTY = ("describe_party", "close_party")
"""Ids of the operations on one shared world, to which its creation leads."""


class NewParty(NewWorld):
    """A shared world to open."""

    most_players: int = Field(MOST_PLAYERS, ge=1, le=MOST_PLAYERS, description="Players at once.")


class PartyRoutes:
    """The routes.

    Args:
        worker: Computes.
        parties: Only the worker's thread uses them.
        streams: Of their players, directors and spectators.
    """

    def __init__(self, worker: Worker, parties: Parties, streams: PartyStreams) -> None:
        self._worker, self._parties, self._streams = worker, parties, streams
        self.router = APIRouter()
        add, one = self.router.add_api_route, "/parties/{party_id}"
        opens = leads_to("party_id", "id", OF_A_PARTY)
        add("/parties", self.create, methods=["POST"], status_code=201, responses=opens)
        add(one, self.describe, methods=["GET"], operation_id="describe_party")
        add(one, self.close, methods=["DELETE"], status_code=204, operation_id="close_party")
        add("/join/{key}", self.role, methods=["GET"])

    async def create(self, asked: NewParty) -> dict[str, Any]:
        """Open a shared world; each of its `keys` is a secret that lets in to one role, without the server's token."""
        create = self._parties.create
        party = await self._worker.call(create, asked.settings, asked.seed, asked.options, asked.most_players)
        return await self._worker.call(_description_of, party)

    async def describe(self, party_id: str) -> dict[str, Any]:
        """What a shared world is, and who is there."""
        return await self._worker.call(lambda: _description_of(self._parties.find(party_id)))

    async def close(self, party_id: str) -> None:
        """End a shared world."""
        await self._worker.call(self._parties.close, party_id)
        self._streams.end(party_id)

    async def role(self, key: str) -> dict[str, Any]:
        """The role that a key lets in to, at the socket `/join/{key}/stream`."""

        def role() -> dict[str, Any]:
            party, role = self._parties.admit(key)
            return {"role": role, "bodies": party.bodies()} | description_of_group(party.group)

        return await self._worker.call(role)


def _description_of(party: Party) -> dict[str, Any]:
    return {
        "id": party.party_id,
        "keys": party.keys,
        "most_players": len(party.names),
        "bodies": party.bodies(),
        **description_of_group(party.group),
    }
