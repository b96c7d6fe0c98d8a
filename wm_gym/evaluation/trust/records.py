"""The episodes of a trust report in a file, a line each, so that a run that was cut off goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wm_gym.evaluation.trust.policies import Policy

WORLD, TWIN, AGAIN = "world", "twin", "twin_again"
"""Where an episode was played: in the world, in the twin from the same start, in the twin from starts of its own."""

PLACES = (WORLD, TWIN, AGAIN)


class Records:
    """Rows of episodes, read from a file and added to it.

    Args:
        path: Of the file; its folder must exist.
        settings: What all episodes have in common. A file of other settings is refused.

    Raises:
        ValueError: If the file cannot be read, or is of other settings.

    Attributes:
        rows: All of them.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self._path, self.rows = path, list[dict[str, Any]]()
        told = json.loads(json.dumps(settings))
        lines = _read(path)
        if not lines:
            self._write({"settings": told}, "w")
            return
        kept = lines[0].get("settings")
        if kept != told:
            unlike = sorted(name for name in {*told, *(kept or {})} if (kept or {}).get(name) != told.get(name))
            raise ValueError(f"output must be a new folder or one of the same settings, got {path} of other {unlike}")
        self.rows = lines[1:]
        self._check_whole(lines)

    def numbers(self, task: str, policy: Policy, place: str) -> set[int]:
        """Numbers of the starts from which a policy was played in a place.

        Raises:
            ValueError: If another policy of this name was.
        """
        found = [row for row in self.rows if (row["task"], row["policy"], row["place"]) == (task, policy.name, place)]
        settings = json.loads(json.dumps(dict(policy.agent_settings)))
        for row in found:
            if (row["agent"], row["agent_settings"]) != (policy.agent, settings):
                raise ValueError(
                    f"policy {policy.name!r} must be the one that {self._path} holds, {row['agent']} "
                    f"{row['agent_settings']}, got {policy.agent} {settings}"
                )
        return {row["number"] for row in found}

    def add(self, row: dict[str, Any]) -> None:
        """Keep one more row, at once."""
        self.rows.append(json.loads(json.dumps(row)))
        self._write(row, "a")

    def _write(self, row: Mapping[str, Any], mode: str) -> None:
        with self._path.open(mode, encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _check_whole(self, lines: list[dict[str, Any]]) -> None:
        """Write the file anew where its last line was cut off, so that the next one begins a line."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        if self._path.stat().st_size != len(text.encode()):
            self._path.write_text(text, encoding="utf-8")


def _read(path: Path) -> list[dict[str, Any]]:
    """Rows of a file, without a last one that was cut off; none where there is no file.

    Raises:
        ValueError: If a line before the last is broken.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = []
    for number, line in enumerate(lines):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines) - 1:
                raise ValueError(f"{path} must hold a row of JSON in each line, got {line[:60]!r}") from error
    return rows
