"""Lumps to PWAD bytes, and the small text lumps that every place shares. Knows nothing of geometry or art."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

# Wall shades are off because every facade carries its own sunlight; a second one would make it flicker with distance.
MAPINFO = """map MAP01 "place"
{
    sky1 = "SKYDAY"
    cluster = 1
    NoIntermission
    HorizWallShade = 0
    VertWallShade = 0
}
"""


@dataclass(frozen=True)
class Lump:
    """One named piece of a WAD; a marker has no data."""

    name: str
    data: bytes = b""


def write_wad(lumps: Sequence[Lump]) -> bytes:
    """The PWAD that holds `lumps` in their order.

    Raises:
        ValueError: If a name is not 1 to 8 characters long.
    """
    for lump in lumps:
        if not 1 <= len(lump.name) <= 8:
            raise ValueError(f"lump names must have 1 to 8 characters, got {lump.name!r}")
    offset, directory = 12, b""
    for lump in lumps:
        directory += struct.pack("<ii8s", offset, len(lump.data), lump.name.encode("ascii"))
        offset += len(lump.data)
    body = b"".join(lump.data for lump in lumps)
    return b"PWAD" + struct.pack("<ii", len(lumps), offset) + body + directory
