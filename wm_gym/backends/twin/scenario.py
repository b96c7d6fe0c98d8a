"""A map's WAD prepared for the engine: the camera's player class is added, and the palette read.

Knows nothing of maps beyond their lumps.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

VIEW_HEIGHT_UNITS = 4.0

# a small invisible body at eye height, so that kerbs and low ceilings never stop it; solid, so walkers avoid it
_DECORATE = f"""
ACTOR Lens : PlayerPawn
{{
  Radius 16
  Height 8
  Gravity 0
  Health 100
  RenderStyle None
  Player.ViewHeight {VIEW_HEIGHT_UNITS:g}
  Player.DisplayName "Lens"
  +NOCLIP
  +INVULNERABLE
  +NODAMAGE
  +NOBLOOD
  +NOTRIGGER
  +NEVERTARGET
  +DONTTHRUST
  -SHOOTABLE
  -PICKUP
  States
  {{
  Spawn:
    TNT1 A -1
    Stop
  }}
}}
"""
_MAPINFO = 'gameinfo { playerclasses = "Lens" }\n'


def with_camera(wad: bytes) -> bytes:
    """The PWAD with the camera's player class added.

    Raises:
        ValueError: If the bytes are no WAD.
    """
    lumps = [*_lumps(wad), ("DECORATE", _DECORATE.encode("ascii")), ("MAPINFO", _MAPINFO.encode("ascii"))]
    body, directory = b"", b""
    for name, data in lumps:
        directory += struct.pack("<ii8s", 12 + len(body), len(data), name.encode("ascii"))
        body += data
    return b"PWAD" + struct.pack("<ii", len(lumps), 12 + len(body)) + body + directory


def palette_of(wad: bytes) -> NDArray[np.uint8]:
    """(256, 3) red, green, blue of the WAD's PLAYPAL.

    Raises:
        ValueError: If it has none.
    """
    for name, data in _lumps(wad):
        if name == "PLAYPAL":
            return np.frombuffer(data[:768], np.uint8).reshape(256, 3)
    raise ValueError("a place's WAD must have a PLAYPAL lump, got none")


def _lumps(wad: bytes) -> list[tuple[str, bytes]]:
    if wad[:4] not in (b"PWAD", b"IWAD"):
        raise ValueError(f"a WAD must begin with PWAD or IWAD, got {wad[:4]!r}")
    count, at = struct.unpack_from("<ii", wad, 4)
    entries = [struct.unpack_from("<ii8s", wad, at + 16 * i) for i in range(count)]
    return [(name.rstrip(b"\0").decode("ascii"), wad[start : start + size]) for start, size, name in entries]
