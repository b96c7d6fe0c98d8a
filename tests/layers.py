"""Who may import whom in wm_gym: a module imports only from floors below its own, and no two import each other.

The rule is read from the source, so imports inside functions and under TYPE_CHECKING count like any other.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FLOORS = {
    # imported from everywhere, these import nothing of wm_gym
    "choices": 0,
    "last_used": 0,
    "presets": 0,
    "progress": 0,
    "geometry": 1,
    "files": 1,
    "text": 1,
    "networks": 1.5,
    "launching": 1.5,
    "events": 2,
    "plans": 2,
    "memory": 2,
    "world_model": 3,
    "appearance": 4,
    "layout": 4,
    "entities": 4.2,
    "reconstruction": 4,
    "scenes": 4.5,
    "completion": 5,
    "backends": 6,
    "world": 7,
    "envs": 8,
    "agents": 9,
    "evaluation": 9.5,
    "serving": 10,
    # the wing stands beside the environments: it sees floors 1 to 7, nothing sees it but the doors
    "train_world": 8,
}

INSIDE = {
    "backends": {"": 0, "twin": 1, "video": 1, "memory_only": 1, "foreign": 1, "detailed": 2, "registry": 3},
    "envs": {"checking": 0, "markers": 0, "tasks": 1, "": 2, "replay": 3, "wrappers": 4},
    "train_world": {
        "policies": 0,
        "data": 1,
        "": 2,
        "codec": 3,
        "video": 4,
        "inpainting": 4,
        "appearance": 4,
        "things": 4,
        "words": 4,
        "layout": 4,
        "tiles": 4,
        "reading": 4,
        "depth": 4,
        "distilling": 4.5,
        "distributed": 4.7,
        "exchange": 4,
        "curation": 4,
        "recipes": 5,
    },
}
"""Floors inside of rooms: folders and modules of a room by name, all its other modules together as ""."""

DOORS = {"", "cli", "demo", "doctor", "rollout"}
"""Modules at the root of the package. They may import every room, and no room may import a door other than `wm_gym`
itself, which is imported with any of its rooms."""


@dataclass(frozen=True)
class Violation:
    """One import that goes where it must not."""

    file: Path
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}"


@dataclass(frozen=True)
class Import:
    """One import of a module of the package by another, both without the package's name."""

    importer: str
    imported: str
    file: Path
    line: int


def violations(package: Path) -> list[Violation]:
    """Every forbidden import of the package in this folder."""
    found = [
        Violation(one.file, one.line, rule)
        for one in imports(package)
        if (rule := _broken_rule(one.importer, one.imported)) is not None
    ]
    return list(dict.fromkeys(found))


def imports(package: Path) -> list[Import]:
    """Every import of the package's own modules in it."""
    return [one for file in sorted(package.rglob("*.py")) for one in _of_file(file, package)]


def circles(package: Path) -> list[list[str]]:
    """Groups of modules each of which imports, in the end, itself; a package's `__init__` counts as that package."""
    modules = {_module_of(file, package) for file in package.rglob("*.py")}
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for one in imports(package):
        target = _known(one.imported, modules)
        if target not in (None, one.importer):
            graph[one.importer].add(target)
    return [sorted(group) for group in _strongly_connected(graph) if len(group) > 1]


def lines_by_room(package: Path) -> dict[str, int]:
    """Lines of each room, the doors left out."""
    lines: dict[str, int] = {}
    for file in package.rglob("*.py"):
        room = _module_of(file, package).partition(".")[0]
        if room not in DOORS:
            lines[room] = lines.get(room, 0) + len(file.read_text(encoding="utf-8").splitlines())
    return lines


def _of_file(file: Path, package: Path) -> Iterator[Import]:
    home = file.relative_to(package).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        for imported in _imported_modules(node, home, package.name):
            yield Import(_module_of(file, package), imported, file, getattr(node, "lineno", 0))


def _module_of(file: Path, package: Path) -> str:
    parts = file.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _known(name: str, modules: set[str]) -> str | None:
    """The module that an imported name is, or is in."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def _imported_modules(node: ast.AST, home: tuple[str, ...], package: str) -> Iterator[str]:
    """Modules of the package that a statement names, without the package's own name in front."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = home[: len(home) - node.level + 1]
            base = ".".join([package, *above, *filter(None, [base])])
        # `from wm_gym import envs` names wm_gym.envs
        names = [f"{base}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Call) and _is_import_module(node.func):
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            names = [first.value]
    for name in names:
        head, _, rest = name.partition(".")
        if head == package:
            yield rest


def _is_import_module(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__")


def _broken_rule(importer: str, imported: str) -> str | None:
    """The rule that `importer` breaks by importing `imported` (both without the package's name), or None."""
    room, other = importer.partition(".")[0], imported.partition(".")[0]
    if room in DOORS:
        return None
    if room == other:
        return _broken_inside(room, importer, imported)
    if room not in FLOORS:
        return f"{room!r} is no room of wm_gym: name its floor in tests/layers.py"
    if other in FLOORS:
        return _upwards(FLOORS, room, other)
    if other in DOORS - {""}:
        return f"{room} must not import the door {other!r}"
    return None


def _broken_inside(room: str, importer: str, imported: str) -> str | None:
    """The rule of a room's inner floors that is broken, or None."""
    floors = INSIDE.get(room)
    if floors is None:
        return None
    here, there = _inner(importer, floors), _inner(imported, floors)
    if here == there:
        return None  # circles are looked for by themselves
    rule = _upwards(floors, here, there)
    return None if rule is None else f"in {room}, {rule}"


def _inner(module: str, floors: Mapping[str, float]) -> str:
    name = module.split(".")[1] if "." in module else ""
    return name if name in floors else ""


def _upwards(floors: Mapping[str, float], here: str, there: str) -> str | None:
    if floors[there] < floors[here]:
        return None
    importer, imported = (f"{name or 'its own modules'} (floor {floors[name]:g})" for name in (here, there))
    return f"{importer} must not import {imported}: only lower floors"


def _strongly_connected(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Groups of nodes that reach each other. Source: Tarjan 1972, as two passes (Kosaraju)."""
    order: list[str] = []
    seen: set[str] = set()
    for node in graph:
        _visit(node, graph, seen, order)
    backwards: dict[str, set[str]] = {node: set() for node in graph}
    for node, targets in graph.items():
        for target in targets:
            backwards[target].add(node)
    groups, seen = [], set()
    for node in reversed(order):
        group: list[str] = []
        _visit(node, backwards, seen, group)
        groups.append(set(group))
    return groups


def _visit(start: str, graph: Mapping[str, set[str]], seen: set[str], order: list[str]) -> None:
    """Depth first; nodes are added to `order` when all that they reach have been."""
    if start in seen:
        return
    seen.add(start)
    stack = [(start, iter(sorted(graph[start])))]
    while stack:
        node, targets = stack[-1]
        following = next((target for target in targets if target not in seen), None)
        if following is None:
            order.append(node)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(sorted(graph[following]))))
