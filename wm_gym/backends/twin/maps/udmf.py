"""A plan and its things to the text of a UDMF map, and to the arrays that the ray caster reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.maps.plan import Edge, Plan, Region
from wm_gym.backends.twin.maps.texture_atlas import TextureAtlas
from wm_gym.plans.rect import Rect

_EVERY_GAME = "skill1=true;skill2=true;skill3=true;skill4=true;skill5=true;single=true;"


@dataclass(frozen=True)
class Thing:
    """An actor on the map.

    Attributes:
        number: Editor number of its class.
        x: MU.
        y: MU.
        height: MU above the floor.
        heading: Degrees counter-clockwise from +x.
        thing_id: Number by which scripts address it; 0 for none.
    """

    number: int
    x: float
    y: float
    height: float = 0.0
    heading: int = 0
    thing_id: int = 0


@dataclass(frozen=True)
class Geometry:
    """Lines and sectors as `TwinMap` has them."""

    lines: NDArray[np.float64]
    line_sides: NDArray[np.int32]
    floor_heights: NDArray[np.float64]
    ceiling_heights: NDArray[np.float64]
    sky: NDArray[np.bool_]
    blocking: NDArray[np.bool_]


def sectors_of(edges: list[Edge]) -> dict[Region, int]:
    """The regions that touch an edge and are not solid, numbered in order."""
    touched = [region for edge in edges for region in (edge.front, edge.back) if not region.solid]
    return {region: number for number, region in enumerate(dict.fromkeys(touched))}


def geometry_of(edges: list[Edge]) -> Geometry:
    """The arrays of `edges`, line for line as in the text map."""
    sectors = sectors_of(edges)
    return Geometry(
        lines=np.array([[edge.x1, edge.y1, edge.x2, edge.y2] for edge in edges], np.float64),
        line_sides=np.array([[sectors[edge.front], sectors.get(edge.back, -1)] for edge in edges], np.int32),
        floor_heights=np.array([region.floor_height for region in sectors], np.float64),
        ceiling_heights=np.array([region.ceiling_height for region in sectors], np.float64),
        sky=np.array([region.ceiling is None for region in sectors], np.bool_),
        blocking=np.array([edge.blocks for edge in edges], np.bool_),
    )


def text_map(plan: Plan, edges: list[Edge], atlas: TextureAtlas, things: list[Thing]) -> bytes:
    """The TEXTMAP lump; marks the textures it names as used in `atlas`."""
    sectors = sectors_of(edges)
    vertices: dict[tuple[float, float], int] = {}
    lines, sides = [], []
    for edge in edges:
        ends = [vertices.setdefault(end, len(vertices)) for end in ((edge.x1, edge.y1), (edge.x2, edge.y2))]
        fields = f"v1={ends[0]};v2={ends[1]};sidefront={len(sides)};dontpegtop=true;"
        sides.append(_side(plan, edge, edge.front, edge.back, atlas, sectors))
        if edge.blocks:
            fields += "blocking=true;"
        if not edge.back.solid:
            fields += f"sideback={len(sides)};twosided=true;"
            sides.append(_side(plan, edge, edge.back, edge.front, atlas, sectors))
        lines.append(fields)
    blocks = [f"vertex{{x={x:.3f};y={y:.3f};}}" for x, y in vertices]
    blocks += [f"linedef{{{fields}}}" for fields in lines]
    blocks += [f"sidedef{{{fields}}}" for fields in sides]
    blocks += [f"sector{{{_sector(region, atlas)}}}" for region in sectors]
    blocks += [f"thing{{{_thing(thing)}}}" for thing in things]
    return "\n".join(['namespace = "zdoom";', *blocks, ""]).encode("ascii")


def _sector(region: Region, atlas: TextureAtlas) -> str:
    ceiling = "F_SKY1" if region.ceiling is None else atlas.flat(region.ceiling)
    return (
        f"heightfloor={region.floor_height:g};heightceiling={region.ceiling_height:g};lightlevel=255;id=1;"
        f'texturefloor="{atlas.flat(region.floor)}";textureceiling="{ceiling}";'
        f"xpanningfloor={region.pan[0]:g};ypanningfloor={region.pan[1]:g};"
    )


def _thing(thing: Thing) -> str:
    place = f"x={thing.x:.3f};y={thing.y:.3f};height={thing.height:g};angle={thing.heading};"
    return f"{place}type={thing.number};id={thing.thing_id};{_EVERY_GAME}"


def _side(
    plan: Plan, edge: Edge, viewer: Region, other: Region, atlas: TextureAtlas, sectors: dict[Region, int]
) -> str:
    """One sidedef: what `viewer` sees of `other` across `edge`."""
    facing = _facing(edge, viewer is edge.front)
    fields = f"sector={sectors[viewer]};"
    if other.solid:
        return fields + _surface(plan, edge, viewer, other, facing, atlas, "mid")
    if other.floor_height > viewer.floor_height:
        fields += _named(atlas, other.skirt, facing, _offset(edge, facing, plan.anchor(other)), "bottom")
    if other.ceiling_height < viewer.ceiling_height and not (other.ceiling is None and viewer.ceiling is None):
        fields += _surface(plan, edge, viewer, other, facing, atlas, "top")
    return fields


def _surface(plan: Plan, edge: Edge, viewer: Region, other: Region, facing: str, atlas: TextureAtlas, part: str) -> str:
    owner = other if other.solid and other.wall is not None else viewer
    name = owner.wall
    assert name is not None, "a wall has no texture"
    return _named(atlas, name, facing, _offset(edge, facing, plan.anchor(owner)), part)


def _named(atlas: TextureAtlas, name: str, facing: str, offset: float, part: str) -> str:
    long = {"mid": "middle"}.get(part, part)
    return f'texture{long}="{atlas.wall(name, facing)}";offsetx_{part}={offset:g};'


def _facing(edge: Edge, is_front: bool) -> str:
    """Which way the side of `edge` looks; the front looks to the right of v1 -> v2."""
    right = {(0, 1): "E", (0, -1): "W", (1, 0): "S", (-1, 0): "N"}
    along = (int(np.sign(edge.x2 - edge.x1)), int(np.sign(edge.y2 - edge.y1)))
    return right[along] if is_front else {"E": "W", "W": "E", "N": "S", "S": "N"}[right[along]]


def _offset(edge: Edge, facing: str, anchor: Rect) -> float:
    """How far the left end of the side lies from the left corner of `anchor`, seen by who looks at it."""
    if facing in "EW":
        return min(edge.y1, edge.y2) - anchor.y0 if facing == "E" else anchor.y1 - max(edge.y1, edge.y2)
    return min(edge.x1, edge.x2) - anchor.x0 if facing == "S" else anchor.x1 - max(edge.x1, edge.x2)
