"""Scenarios of promptable events, read from YAML: a world, scripted actions, one event, and what it must show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from wm_gym.choices import check_choice, check_known
from wm_gym.events.kinds import KINDS

CORE = "core"
SUITES = Path(__file__).parent / "shipped"
"""Folder of what comes with the package: the suite `CORE`, sentences that were written apart, and the judge."""
ACTIONS = ("stand", "pan", "walk", "look_away")
LOOK_AWAY_STEPS = 10
_PAN_YAW, _WALK = 0.12, 0.35
_MOST_TEXT = 2000


@dataclass(frozen=True)
class Scenario:
    """One event in one world. Steps count from the opening.

    Attributes:
        name: Of the row in the suite, with the world.
        world: As `gym.make` takes it.
        text: That triggers the event.
        kind: What it must show.
        at: Step at which it is triggered.
        steps: Steps in all.
        until: Step at which it ends; None: it lasts.
        end_text: Text that ends it at `until`; empty: it ends by itself.
        context: Texts of events at the opening, in the branch without the event too.
        actions: A row of `ACTIONS`.
        size: Rows and columns of frames.
        seed: Of the world.
        delay: Steps that the text itself asks to wait.
    """

    name: str
    world: str
    text: str
    kind: str
    at: int = 2
    steps: int = 10
    until: int | None = None
    end_text: str = ""
    context: tuple[str, ...] = ()
    actions: str = "pan"
    size: tuple[int, int] = (48, 64)
    seed: int = 0
    delay: int = 0

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_choice("actions", self.actions, ACTIONS)
        if not isinstance(self.text, str) or not 0 < len(self.text) <= _MOST_TEXT:
            raise ValueError(f"text must be 1 to {_MOST_TEXT} characters, got {self.text!r:.60}")
        for name, value, least, most in self._steps():
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{name} of {self.name!r} must be a step from {least} to {most}, got {value!r}")

    def _steps(self) -> list[tuple[str, Any, int, int]]:
        last = 1000 if type(self.steps) is not int else self.steps
        rows: list[tuple[str, Any, int, int]] = [
            ("steps", self.steps, 2, 10_000), ("at", self.at, 0, last - 1), ("delay", self.delay, 0, last - 1),
        ]  # fmt: skip
        return rows if self.until is None else [*rows, ("until", self.until, self.at + 1, last - 1)]

    def twist(self, step: int) -> np.ndarray:
        """(4,) forward, left, yaw and pitch of one step, as fractions of the body's top speeds.

        "pan" looks a little to both sides; "look_away" turns round ten steps after the event has come, and back.
        """
        twist = np.zeros(4)
        if self.actions == "walk":
            twist[0] = _WALK
        elif self.actions == "pan":
            twist[2] = _PAN_YAW if step % 4 in (0, 3) else -_PAN_YAW
        elif self.actions == "look_away":
            away = step - self.at - LOOK_AWAY_STEPS // 2
            turning, back = LOOK_AWAY_STEPS // 2, LOOK_AWAY_STEPS + LOOK_AWAY_STEPS // 2
            if 0 <= away < turning or turning + LOOK_AWAY_STEPS <= away < back + LOOK_AWAY_STEPS // 2:
                twist[2] = 1.0 if away < turning else -1.0
        return twist


def read_suite(name: str) -> list[Scenario]:
    """The scenarios of a suite; a row that names several worlds or sizes is as many scenarios.

    Args:
        name: Of a shipped suite, or the path of a file.

    Raises:
        ValueError: If there is no such suite, or a row has unknown keys or values that cannot be.
    """
    path = SUITES / f"{name}.yaml" if not name.endswith((".yaml", ".yml")) else Path(name)
    if not path.is_file():
        shipped = [CORE]
        raise ValueError(f"suite must be one of {shipped} or the path of a .yaml file, got {name!r}")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} must be YAML, got {str(error).splitlines()[0]}") from error
    if not isinstance(data, dict) or not isinstance(data.get("scenarios"), list) or not data["scenarios"]:
        raise ValueError(f"{path} must hold a list of scenarios under 'scenarios', got none")
    check_known(f"keys of {path.name}", sorted(data), ["scenarios", "places"])
    places = data.get("places", {})
    return [one for row in data["scenarios"] for one in _scenarios(row, places)]


def _scenarios(row: Any, places: Mapping[str, list[str]]) -> list[Scenario]:
    """The scenarios of one row, one for each of its worlds."""
    known = sorted({field.name for field in fields(Scenario)} | {"worlds"})
    if not isinstance(row, dict):
        raise ValueError(f"a scenario must be a mapping of {known}, got {row!r:.60}")
    check_known(f"keys of scenario {row.get('name')!r}", sorted(map(str, row)), known)
    worlds = row.get("worlds", [row.get("world")])
    worlds = places.get(worlds, worlds) if isinstance(worlds, str) else worlds
    if not isinstance(worlds, list) or not all(isinstance(world, str) for world in worlds):
        raise ValueError(f"worlds of {row.get('name')!r} must be names or one of {sorted(places)}, got {worlds!r}")
    settings: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items() if key != "worlds"
    }
    try:
        settings["world"] = worlds[0]
        first = Scenario(**settings)
    except TypeError as error:
        raise ValueError(
            f"scenario {row.get('name')!r} must have name, world, text and kind, got {sorted(row)}"
        ) from error
    return [replace(first, name=f"{first.name} in {world}", world=world) for world in worlds]
