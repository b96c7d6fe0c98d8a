"""Who may import whom in wm_gym: a module imports only from floors below its own.

The rule is read from the source, so imports inside functions and under TYPE_CHECKING count like any other.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FLOORS = {
    # imported from everywhere, these import nothing of wm_gym
    "choices": 0,
    "presets": 0,
    "progress": 0,
    "geometry": 1,
    "events": 2,
    "memory": 2,
    "reconstruction": 2,
    "backends": 3,
    "world": 4,
    "envs": 5,
    "agents": 6,
    "evaluation": 6,
    "serving": 6,
    # the wing stands beside the environments: it sees floors 1 to 4, nothing sees it but the doors
    "train_world": 5,
}
DOORS = {"", "cli", "demo", "doctor", "rollout"}
"""Modules at the root of the package. They may import every room, and no room may import a door other than `wm_gym`
itself, which is imported with any of its rooms."""

# No effect of the simulator may ever touch a generated frame.
FORBIDDEN = {("backends.video", "backends.twin"), ("backends.memory", "backends.twin")}


@dataclass(frozen=True)
class Violation:
    """One import that goes where it must not."""

    file: Path
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}"


def violations(package: Path) -> list[Violation]:
    """Every forbidden import of the package in this folder."""
    found = [violation for file in sorted(package.rglob("*.py")) for violation in _of_file(file, package)]
    return list(dict.fromkeys(found))


def _of_file(file: Path, package: Path) -> Iterator[Violation]:
    parts = file.relative_to(package).with_suffix("").parts
    is_init = parts[-1] == "__init__"
    importer = ".".join(parts[:-1] if is_init else parts)
    home = parts[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        for imported in _imported_modules(node, home, package.name):
            rule = _broken_rule(importer, imported)
            if rule is not None:
                yield Violation(file, getattr(node, "lineno", 0), rule)


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
    for source, target in FORBIDDEN:
        if _within(importer, source) and _within(imported, target):
            return f"{source} must not import {target}"
    if room in DOORS or room == other:
        return None
    if room not in FLOORS:
        return f"{room!r} is no room of wm_gym: name its floor in tests/layers.py"
    if other in FLOORS:
        if FLOORS[other] < FLOORS[room]:
            return None
        return f"{room} (floor {FLOORS[room]}) must not import {other} (floor {FLOORS[other]}): only lower floors"
    if other in DOORS - {""}:
        return f"{room} must not import the door {other!r}"
    return None


def _within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")
