"""A small map in which every surface has one colour of its own: three rooms of different heights and a pillar."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wm_gym.backends.twin.acs import behaviour
from wm_gym.backends.twin.maps.wad import Lump, write_wad
from wm_gym.backends.twin.raycast import CEILING, FLOOR, Surfaces

FLOORS, CEILINGS = np.array([0.0, 16.0, -24.0]), np.array([192.0, 150.0, 240.0])
LINES = np.array(
    [
        [-512, -256, -512, 256], [-512, 256, 0, 256], [0, 256, 0, 96], [0, 96, 0, -64], [0, -64, 0, -256],
        [0, -256, -512, -256], [0, 96, 300, 96], [300, 96, 300, -64], [300, -64, 0, -64], [300, 96, 300, 400],
        [300, 400, 1100, 280], [1100, 280, 1100, -400], [1100, -400, 300, -300], [300, -300, 300, -64],
        [-260, -40, -220, -40], [-220, -40, -220, 0], [-220, 0, -260, 0], [-260, 0, -260, -40],
    ],
    np.float64,
)  # fmt: skip
SIDES = np.array([[0, -1]] * 3 + [[0, 1]] + [[0, -1]] * 2 + [[1, -1], [1, 2], [1, -1]] + [[2, -1]] * 5 + [[0, -1]] * 4)
SURFACES = Surfaces(LINES, SIDES.astype(np.int32), FLOORS, CEILINGS, np.zeros(3, np.bool_))


def colour_index() -> NDArray[np.int64]:
    """Colour number of each surface number."""
    index = np.full(CEILING + 3, -1)
    index[: len(LINES)] = np.arange(len(LINES))
    index[FLOOR : FLOOR + 3] = len(LINES) + np.arange(3)
    index[CEILING : CEILING + 3] = len(LINES) + 3 + np.arange(3)
    return index


def wad(palette: NDArray[np.uint8]) -> tuple[bytes, NDArray[np.int64]]:
    """The map, and the palette entry of each colour number: as unlike each other as the palette allows."""
    entries = [4]
    distances = np.full(256, np.inf)
    while len(entries) < len(LINES) + 6:
        distances = np.minimum(distances, ((palette.astype(int) - palette[entries[-1]]) ** 2).sum(-1))
        entries.append(int(distances.argmax()))
    pictures = [Lump(f"C{i:02d}", _png(palette[entry])) for i, entry in enumerate(entries)]
    info = b'map MAP01 "room" { sky1 = "SKY1" HorizWallShade = 0 VertWallShade = 0 }'
    palettes = Lump("PLAYPAL", palette.tobytes() * 14)
    map_lumps = [Lump("MAP01"), Lump("TEXTMAP", _text().encode()), Lump("BEHAVIOR", behaviour()), Lump("ENDMAP")]
    lumps = [palettes, Lump("MAPINFO", info), *map_lumps, Lump("TX_START"), *pictures, Lump("TX_END")]
    return write_wad(lumps), np.array(entries)


def _text() -> str:
    ends = LINES.reshape(-1, 2)
    blocks = [f"vertex{{x={x:.1f};y={y:.1f};}}" for x, y in ends]
    sides = []
    for i, (front, back) in enumerate(SIDES):
        line = f"v1={2 * i};v2={2 * i + 1};sidefront={len(sides)};"
        sides += [front] if back < 0 else [front, back]
        line += "blocking=true;" if back < 0 else f"sideback={len(sides) - 1};twosided=true;"
        blocks.append(f"linedef{{{line}}}")
        texture, middle = f'"C{i:02d}"', f'"C{i:02d}"' if back < 0 else '"-"'
        blocks += [
            f"sidedef{{sector={sector};texturetop={texture};texturemiddle={middle};texturebottom={texture};}}"
            for sector in ([front] if back < 0 else [front, back])
        ]
    for s in range(3):
        floor, ceiling = f'"C{len(LINES) + s:02d}"', f'"C{len(LINES) + 3 + s:02d}"'
        heights = f"heightfloor={FLOORS[s]:g};heightceiling={CEILINGS[s]:g};lightlevel=255;"
        blocks.append(f"sector{{{heights}texturefloor={floor};textureceiling={ceiling};}}")
    blocks.append("thing{x=-450.0;y=0.0;angle=0;type=1;skill1=true;skill2=true;skill3=true;skill4=true;single=true;}")
    return 'namespace = "zdoom";\n' + "\n".join(blocks)


def _png(colour: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), tuple(int(c) for c in colour)).save(buffer, "PNG")
    return buffer.getvalue()
