"""The scripts in a map by which the twin moves the camera and spawns actors: the BEHAVIOR lump, assembled here.

ACS is ZDoom's script language; the engine's compiler is not needed, since a script is a list of instructions that is
encoded here in the ACS0 layout. Positions and angles are 16.16 fixed point, map units and turns; the activator
(thing 0) is the player, that is the camera.

Walkers have thing ids of their own from `MOVER_TIDS`: they step aside when the camera, or another body, comes within
`CLEARANCE_UNITS` of them. Knows nothing of maps, poses or pictures.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

PLACE, LOOK, REMOVE, POSE, SHIFT, TURN = range(1, 7)
NUM_BODY_LOOKS = 7
NUM_CRATES, NUM_CARS, NUM_TREES = 5, 7, 3
_BODIES = {f"Body{look}": 12 + look for look in range(NUM_BODY_LOOKS)}
_DRESSED = {f"Visitor{look}": 20 + look for look in range(NUM_BODY_LOOKS)}
_OBJECTS = (
    *(f"PlacedCrate{look}" for look in range(NUM_CRATES)), *(f"PlacedCar{look}" for look in range(NUM_CARS)),
    *(f"PlacedTree{look}" for look in range(NUM_TREES)), "PlacedLamp", "PlacedBird",
)  # fmt: skip
SPAWN: Mapping[str, int] = {
    "Bonfire": 10, "Visitor": 11, **_BODIES, **_DRESSED, **{name: 30 + number for number, name in enumerate(_OBJECTS)},
}  # fmt: skip
OBJECT_ACTORS = {
    "crate": "PlacedCrate", "car": "PlacedCar", "birds": "PlacedBird", "lamp_post": "PlacedLamp", "tree": "PlacedTree",
}  # fmt: skip
"""How the classes of the actors of each kind of object begin."""
BODY_STATES = ("StepA", "StepB", "StepC", "StepD")
"""States of a body, each with its legs in another place."""
MOVER_TIDS = range(1000, 1064)
VISITOR_TIDS = range(1064, 1080)
BONFIRE_TIDS = range(1100, 1116)
FIRST_BODY_TID = 1200
FIRST_OBJECT_TID = 8000
CLEARANCE_UNITS = 44

Instruction = tuple[str | int, ...]

_OPCODES = {
    "TERMINATE": 1, "PUSHNUMBER": 3, "LSPEC1": 4, "ADD": 14, "SUBTRACT": 15, "LT": 21, "GE": 24, "ASSIGNSCRIPTVAR": 25,
    "PUSHSCRIPTVAR": 28, "INCSCRIPTVAR": 46, "GOTO": 52, "IFGOTO": 53, "DROP": 54, "THINGCOUNT": 59, "ANDLOGICAL": 70,
    "UNARYMINUS": 78, "IFNOTGOTO": 79, "SPAWN": 149, "GETACTORX": 196, "GETACTORY": 197, "GETACTORZ": 198,
    "SETACTORANGLE": 276, "SETACTORPOSITION": 283, "SETACTORPITCH": 332, "SETACTORSTATE": 334,
}  # fmt: skip
_JUMPS = {"GOTO", "IFGOTO", "IFNOTGOTO"}
_THING_REMOVE = 132


def behaviour() -> bytes:
    """The BEHAVIOR lump.

    Its scripts: `PLACE` (x, y, z, thing id) moves the camera, or the body of that id, and makes walkers step aside;
    `LOOK` (yaw, pitch) turns the camera; `SPAWN[class]` (x, y, z, thing id) adds an actor and `REMOVE` (thing id) takes
    it away; `POSE` (thing id, yaw, number) turns a body and puts it in one of `BODY_STATES`. Nobody steps aside for
    what `SHIFT` (x, y, z, thing id) and `TURN` (thing id, yaw) move.
    """
    place: list[Instruction] = [_var(3), _var(0), _var(1), _var(2), _push(0), ("SETACTORPOSITION",), ("DROP",)]
    pose: list[Instruction] = [_var(0), _var(1), ("SETACTORANGLE",)]
    pose += [_var(0), _var(2), _push(len(SPAWN)), ("ADD",), _push(0), ("SETACTORSTATE",), ("DROP",)]
    scripts = {
        PLACE: (4, [*place, *_keep_clear(of=3, first_variable=4)]),
        POSE: (3, pose),
        LOOK: (2, [_push(0), _var(0), ("SETACTORANGLE",), _push(0), _var(1), ("SETACTORPITCH",)]),
        REMOVE: (1, [_var(0), ("LSPEC1", _THING_REMOVE)]),
        SHIFT: (4, place),
        TURN: (2, [_var(0), _var(1), ("SETACTORANGLE",)]),
    }
    for name_index, script in enumerate(SPAWN.values()):
        spawn = [_push(name_index), _var(0), _var(1), _var(2), _var(3), _push(0), ("SPAWN",), ("DROP",)]
        scripts[script] = (4, spawn)
    ended = {number: (argc, [*code, ("TERMINATE",)]) for number, (argc, code) in scripts.items()}
    return _assemble(ended, [*SPAWN, *BODY_STATES])


def _push(number: int) -> Instruction:
    return ("PUSHNUMBER", number)


def _var(index: int) -> Instruction:
    return ("PUSHSCRIPTVAR", index)


def _keep_clear(of: int, first_variable: int) -> list[Instruction]:
    """Instructions that move walkers inside the square of half side CLEARANCE_UNITS round a thing to its edge.

    A walker is moved along the axis on which it is farther out, else along the other, else to the opposite sides,
    wherever it fits. The variable `of` holds the thing's id.
    """
    radius = CLEARANCE_UNITS << 16
    tid, dx, dy, distance_x, distance_y, edge_x, edge_y = range(first_variable, first_variable + 7)
    code: list[Instruction] = [_push(MOVER_TIDS.start), ("ASSIGNSCRIPTVAR", tid), ("LABEL", "each")]
    code += [_push(0), _var(tid), ("THINGCOUNT",), ("IFNOTGOTO", "next")]
    code += _offset(tid, of, "GETACTORX", dx) + _offset(tid, of, "GETACTORY", dy)
    code += _absolute(dx, distance_x, edge_x) + _absolute(dy, distance_y, edge_y)
    for distance in (distance_x, distance_y):
        code += [_var(distance), _push(radius), ("GE",), ("IFGOTO", "next")]
    code += [_var(distance_x), _var(distance_y), ("LT",), ("IFGOTO", "y first")]
    code += [*_to_edge(tid, of, "x", edge_x), ("LABEL", "y first"), *_to_edge(tid, of, "y", edge_y)]
    code += _to_edge(tid, of, "x", edge_x)
    code += _to_edge(tid, of, "y", edge_y, opposite=True) + _to_edge(tid, of, "x", edge_x, opposite=True)
    code += [("LABEL", "next"), ("INCSCRIPTVAR", tid)]
    return [*code, _var(tid), _push(VISITOR_TIDS.stop), ("LT",), ("IFGOTO", "each")]


def _offset(tid: int, of: int, getter: str, into: int) -> list[Instruction]:
    """Store a walker's offset from a thing along one axis."""
    return [_var(tid), (getter,), _var(of), (getter,), ("SUBTRACT",), ("ASSIGNSCRIPTVAR", into)]


def _absolute(offset: int, distance: int, edge: int) -> list[Instruction]:
    """Store an offset's absolute value, and the edge of the square on its side."""
    radius, done = CLEARANCE_UNITS << 16, f"split {offset}"
    code: list[Instruction] = [_var(offset), ("ASSIGNSCRIPTVAR", distance), _push(radius), ("ASSIGNSCRIPTVAR", edge)]
    code += [_var(offset), _push(0), ("GE",), ("IFGOTO", done)]
    code += [_var(offset), ("UNARYMINUS",), ("ASSIGNSCRIPTVAR", distance), _push(-radius), ("ASSIGNSCRIPTVAR", edge)]
    return [*code, ("LABEL", done)]


def _to_edge(tid: int, of: int, axis: str, edge: int, *, opposite: bool = False) -> list[Instruction]:
    """Move a walker to the edge of the square along one axis; if it fits there, continue with the next walker."""
    beyond: list[Instruction] = [_var(of), (f"GETACTOR{axis.upper()}",), _var(edge)]
    beyond += [("SUBTRACT",) if opposite else ("ADD",)]
    as_is = {name: [_var(tid), (f"GETACTOR{name.upper()}",)] for name in "xyz"}
    coordinates = [step for name in "xyz" for step in (beyond if name == axis else as_is[name])]
    return [_var(tid), *coordinates, _push(0), ("SETACTORPOSITION",), ("IFGOTO", "next")]


def _assemble(scripts: Mapping[int, tuple[int, Sequence[Instruction]]], strings: Sequence[str]) -> bytes:
    """Header, code, script directory, string table. Source: the ACS0 layout of Hexen's object files."""
    code, directory = b"", b""
    for number, (argc, instructions) in scripts.items():
        start = 8 + len(code)
        directory += struct.pack("<iii", number, start, argc)
        code += _encode(instructions, start)
    directory_at = 8 + len(code)
    strings_at = directory_at + 4 + len(directory) + 4 + 4 * len(strings)
    text, offsets = b"", b""
    for string in strings:
        offsets += struct.pack("<i", strings_at + len(text))
        text += string.encode("ascii") + b"\0"
    tables = struct.pack("<i", len(scripts)) + directory + struct.pack("<i", len(strings)) + offsets + text
    return b"ACS\0" + struct.pack("<i", directory_at) + code + tables


def _encode(instructions: Sequence[Instruction], start: int) -> bytes:
    """The words of one script; labels, the targets of jumps, take no space."""
    labels: dict[str | int, int] = {}
    at = start
    for name, *operands in instructions:
        if name == "LABEL":
            labels[operands[0]] = at
        else:
            at += 4 * (1 + len(operands))
    words: list[int] = []
    for name, *operands in instructions:
        if name != "LABEL":
            words += [_OPCODES[str(name)], *(labels[o] if name in _JUMPS else int(o) for o in operands)]
    return struct.pack(f"<{len(words)}i", *words)
