"""What the OpenAPI schema says of refusals, of the token and of bodies that are bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

try:
    from fastapi import Security
    from fastapi.security import HTTPBearer
    from pydantic import BaseModel, Field
except ImportError as error:
    raise ImportError("a server of worlds needs FastAPI and uvicorn: pip install 'wm-gym[serve]'") from error

BYTES = "application/octet-stream"


class Refusal(BaseModel):
    """Why a request was not answered."""

    error: str = Field(description="One sentence: what must be, and what came.")


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": description}
    for status, description in {
        400: "What was asked cannot be done.",
        401: "The token is missing or another.",
        404: "There is no such session or shared world.",
        413: "The request is too long, or does not say its length.",
        422: "The request is not as the schema says.",
        503: "The server is full.",
    }.items()
}
"""Statuses of HTTP that any request may be answered with."""

TOKEN = Security(HTTPBearer(auto_error=False, description="The server's token; `Gate` checks it."))
"""Tells of the token in the schema; who lacks it never gets as far as a route."""

_CONTENT = {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}

ANSWERS_BYTES: dict[int | str, dict[str, Any]] = {200: _CONTENT}
"""Of a route whose answer is bytes."""

TAKES_BYTES: dict[str, Any] = {"requestBody": {"required": True, **_CONTENT}}
"""Of a route whose body is bytes."""


def leads_to(parameter: str, pointer: str, operations: Iterable[str]) -> dict[int | str, dict[str, Any]]:
    """Of a route that creates something: which operations take what it answers with.

    Args:
        parameter: Of these operations.
        pointer: Where the answer holds it, as a JSON pointer such as "id".
        operations: Their ids.
    """
    given = {parameter: f"$response.body#/{pointer}"}
    return {201: {"links": {name: {"operationId": name, "parameters": given} for name in operations}}}
