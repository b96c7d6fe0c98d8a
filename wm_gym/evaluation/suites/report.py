"""A suite's results: one table of figures with their uncertainty, a file of rows, and a page with film strips."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from wm_gym.evaluation.pictures import enlarge
from wm_gym.evaluation.suites.running import Branches
from wm_gym.evaluation.suites.scenario import Scenario
from wm_gym.evaluation.suites.scoring import Score
from wm_gym.events.kinds import KINDS
from wm_gym.files.atomic import write_atomically

_RESAMPLES, _SHOWN = 1000, 8


@dataclass(frozen=True)
class Result:
    """One scenario that was run.

    Attributes:
        scenario: The scenario.
        score: Its score.
        strip: (2 h, w, 3) uint8, both branches, the one with the event above.
        seconds: That it took.
    """

    scenario: Scenario
    score: Score
    strip: np.ndarray
    seconds: float


def strip_of(branches: Branches) -> np.ndarray:
    """Frames of both branches from the one before the event on, the branch with the event above."""
    chosen = np.unique(np.linspace(0, branches.num_steps - 1, _SHOWN).round().astype(int))
    before = branches.before.numpy()
    rows = [np.concatenate([before, *(branches.frames[b, k].numpy() for k in chosen)], 1) for b in range(2)]
    return enlarge(np.concatenate(rows, 0), 2)


def figures_of(results: Sequence[Result]) -> dict[str, float]:
    """Means over the scenarios of a suite, each with a bootstrap interval of 95 % under NAME_low and NAME_high."""
    values: dict[str, list[float]] = {name: [] for name in _COLUMNS}
    for result in results:
        for name, read in _COLUMNS.items():
            value = read(result)
            if value is not None:
                values[name].append(float(value))
    figures: dict[str, float] = {}
    for name, column in values.items():
        of = np.median if name.endswith(("_median", "_m")) else np.mean
        low, high = _interval(column, of)
        figures |= {name: float(of(column)) if column else float("nan"), f"{name}_low": low, f"{name}_high": high}
    return figures


def by_kind(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """For each kind its number of scenarios, the share that is realised and the mean onset delay."""
    kinds: dict[str, dict[str, float]] = {}
    for kind in dict.fromkeys(result.scenario.kind for result in results):
        own = [result.score for result in results if result.scenario.kind == kind]
        delays = [score.onset_delay_steps for score in own if score.onset_delay_steps is not None]
        kinds[kind] = {
            "scenarios": len(own),
            "realised": float(np.mean([score.realised for score in own])),
            "onset_delay_steps": float(np.mean(delays)) if delays else float("nan"),
        }
    return kinds


def write_report(folder: Path, title: str, results: Sequence[Result], extra: dict[str, Any]) -> dict[str, Any]:
    """Write suite.json, suite.csv and index.html; returns what is in suite.json."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {"title": title, **extra, **figures_of(results), "kinds": by_kind(results)}
    rows = [_row(result) for result in results]
    text = json.dumps(data | {"scenarios": rows}, indent=2) + "\n"
    write_atomically(folder / "suite.json", lambda file: file.write(text.encode()))
    write_atomically(folder / "suite.csv", lambda file: file.write(_csv(rows).encode()))
    write_atomically(folder / "index.html", lambda file: file.write(_page(title, data, results).encode()))
    return data


_COLUMNS = {
    "realised_global": lambda r: r.score.realised if KINDS[r.scenario.kind].is_global else None,
    "realised_local": lambda r: None if KINDS[r.scenario.kind].is_global else r.score.realised,
    "onset_delay_steps": lambda r: r.score.onset_delay_steps,
    "preservation_median": lambda r: r.score.preservation,
    "collateral": lambda r: r.score.collateral,
    "ended": lambda r: r.score.ended,
    "recovery_levels": lambda r: r.score.recovery_levels,
    "place_error_m": lambda r: r.score.place_error_m,
    "persistence": lambda r: r.score.persists,
    "event_free_branch_equal": lambda r: r.score.alone,
    "seconds_per_scenario": lambda r: r.seconds,
}


def _interval(column: list[float], of: Any) -> tuple[float, float]:
    if not column:
        return float("nan"), float("nan")
    rng = np.random.default_rng(0)
    means = [float(of(rng.choice(column, len(column)))) for _ in range(_RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _row(result: Result) -> dict[str, Any]:
    scenario = result.scenario
    told = {"name": scenario.name, "world": scenario.world, "kind": scenario.kind, "text": scenario.text}
    return told | asdict(result.score) | {"seconds": round(result.seconds, 2)}


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


_STYLE = (
    "body{font:14px sans-serif;margin:2em;max-width:1200px}table{border-collapse:collapse;margin:1em 0}"
    "td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd}img{image-rendering:pixelated}"
    ".no{color:#b00}.yes{color:#060}"
)


def _page(title: str, data: dict[str, Any], results: Sequence[Result]) -> str:
    """One page of its own: figures, kinds, and the strips of all scenarios, those that failed first."""
    figures = [
        (name, f"{data[name]:.3f}", f"{data[f'{name}_low']:.3f} to {data[f'{name}_high']:.3f}") for name in _COLUMNS
    ]
    kinds = [
        (kind, row["scenarios"], f"{row['realised']:.2f}", f"{row['onset_delay_steps']:.1f}")
        for kind, row in data["kinds"].items()
    ]
    ordered = sorted(results, key=lambda result: result.score.realised)
    parts = [
        f"<!doctype html><meta charset='utf-8'><title>{html.escape(title)}</title><style>{_STYLE}</style>",
        f"<h1>{html.escape(title)}</h1>",
        _table(("figure", "value", "95 % interval"), figures),
        _table(("kind", "scenarios", "realised", "onset delay, steps"), kinds),
        "<p>Each strip: above with the event, below without it, at the same poses; the first frame is before it.</p>",
        *(_section(result) for result in ordered),
    ]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["".join(f"<th>{html.escape(str(cell))}</th>" for cell in head)]
    lines += ["".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _section(result: Result) -> str:
    buffer = io.BytesIO()
    Image.fromarray(result.strip).save(buffer, "PNG")
    picture = base64.b64encode(buffer.getvalue()).decode()
    mark = "<span class='yes'>seen</span>" if result.score.realised else "<span class='no'>not seen</span>"
    score = ", ".join(f"{name} {_plain(value)}" for name, value in asdict(result.score).items() if value is not None)
    return (
        f"<h3>{html.escape(result.scenario.name)}: &ldquo;{html.escape(result.scenario.text)}&rdquo; {mark}</h3>"
        f"<img src='data:image/png;base64,{picture}'><p>{html.escape(score)}</p>"
    )


def _plain(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
