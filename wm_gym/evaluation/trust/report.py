"""One page of a trust report, and its figures as JSON."""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.evaluation.trust.records import TWIN, WORLD
from wm_gym.evaluation.trust.scatter import Point, scatter
from wm_gym.evaluation.trust.tables import Row, Table
from wm_gym.files.atomic import write_atomically

SHOWN = 6
"""Most strips of a kind for each task."""

HEADLINES = (
    "pearson", "spearman", "mmrv", "transfer_ratio", "trust_auc", "hallucinated_success", "missed_success",
)  # fmt: skip
"""Figures of the whole report."""

_ALSO = (
    "seeing_pearson", "seeing_spearman", "seeing_mmrv", "success_pearson", "success_spearman", "success_mmrv",
    "ceiling_pearson", "ceiling_spearman", "ceiling_mmrv",
)  # fmt: skip

_POLICY_HEAD = ("policy", "return", "in the twin", "success", "in the twin", "hallucinated", "missed")

_STYLE = (
    "body{font:14px sans-serif;margin:2em;max-width:1200px}table{border-collapse:collapse;margin:1em 0}"
    "td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd}"
    "img{image-rendering:pixelated;width:100%;max-width:1000px}svg{margin-right:1em}"
)


def write_report(folder: Path, data: Mapping[str, Any], tables: Sequence[Table]) -> None:
    """Write trust.json and index.html, each whole or not at all.

    Args:
        folder: With the folder "strips" in it.
        data: As `wm_gym.evaluation.trust.summary.summary` gives it, with "title".
        tables: Of the tasks.
    """
    text = json.dumps(plain(data), indent=2, allow_nan=False) + "\n"
    write_atomically(folder / "trust.json", lambda file: file.write(text.encode()))
    write_atomically(folder / "index.html", lambda file: file.write(_page(folder, data, tables).encode()))


def plain(value: Any) -> Any:
    """What JSON can hold: a number that is none becomes None."""
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def worst(table: Table) -> list[tuple[str, Row]]:
    """Episodes to look at: successes that only the world had, those that only the twin had, and the worst depth."""
    rows = [row for _, _, row in table.compared()]
    hallucinated = [row for row in rows if row["is_success"] and not row["lockstep"]["is_success"]]
    missed = [row for row in rows if not row["is_success"] and row["lockstep"]["is_success"]]
    ordered = sorted(rows, key=_worst_depth, reverse=True)
    kinds = (("hallucinated success", hallucinated), ("missed success", missed), ("worst depth", ordered))
    return [(kind, row) for kind, found in kinds for row in found[:SHOWN]]


def _worst_depth(row: Row) -> float:
    return max((error for error in row["lockstep"]["depth_absrel"] if error is not None), default=0.0)


def _page(folder: Path, data: Mapping[str, Any], tables: Sequence[Table]) -> str:
    title = html.escape(str(data["title"]))
    parts = [
        f"<!doctype html><meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>",
        table_of(("figure", "value"), [(name, _figure(data, name)) for name in HEADLINES]),
        *(_task(folder, data["tasks"][table.task], table) for table in tables),
        *([_checkpoints(data["exploitation"])] if data.get("exploitation") else []),
    ]
    return "\n".join(parts)


def _task(folder: Path, figures: Mapping[str, Any], table: Table) -> str:
    names = [name for name in (*HEADLINES, *_ALSO) if name in figures]
    rows = [
        (
            name,
            _figure(figures, name),
            _interval(figures, name),
            f"{figures.get(f'{name}_of', figures['episodes']):.0f}",
        )
        for name in names
    ]
    policies, steps = figures["policies"], figures["by_step"]
    return "\n".join(
        [
            f"<h2>{html.escape(table.task)}</h2>",
            table_of(("figure", "value", "95 % interval", "cases"), rows),
            f"<div>{_plot(table, 'return')}{_plot(table, 'is_success')}</div>",
            table_of(_POLICY_HEAD, [_policy(row) for row in policies]),
            table_of(list(steps[0]), [[_cell(one) for one in row.values()] for row in steps]) if steps else "",
            "<p>Strips: the world above, the twin at the same poses below.</p>",
            *(_strip(folder, kind, row) for kind, row in worst(table)),
        ]
    )


def _policy(row: Mapping[str, Any]) -> list[str]:
    """Cells of one policy; success with its 95 % interval."""
    returns = [_cell(row[f"{place}_return"]) for place in (WORLD, TWIN)]
    successes = [f"{row[f'{place}_success']:.2f} ({_interval(row, f'{place}_success')})" for place in (WORLD, TWIN)]
    return [row["policy"], *returns, *successes, str(row["hallucinated"]), str(row["missed"])]


def _plot(table: Table, column: str) -> str:
    """Means over starts of all policies, with 1.96 standard errors."""
    world, twin = (table.values(place, column) for place in (WORLD, TWIN))
    count = math.sqrt(world.shape[1])
    points = [
        Point(name, float(a.mean()), float(b.mean()), float(1.96 * a.std() / count), float(1.96 * b.std() / count))
        for name, a, b in zip(table.policies, world, twin, strict=True)
    ]
    name = "success" if column == "is_success" else "return"
    return scatter(points, f"{table.task}: {name}", f"{name} in the world", f"{name} in the twin")


def _strip(folder: Path, kind: str, row: Row) -> str:
    picture = base64.b64encode((folder / "strips" / row["strip"]).read_bytes()).decode()
    (first, last), steps = row["strip_steps"], row["lockstep"]
    within = slice(max(0, first - 1), last)
    depth = [error for error in steps["depth_absrel"][within] if error is not None]
    told = (
        f"{kind}: {row['policy']} in {row['world']}, seed {row['seed']}, steps {first} to {last}: depth error up to "
        f"{max(depth, default=math.nan):.2f}, least trust {min(steps['trust'][within], default=math.nan):.2f}, bodies "
        f"{(steps['pose_metres'] or [math.nan])[-1]:.2f} m apart at the end"
    )
    return f"<p>{html.escape(told)}</p><img alt='' src='data:image/png;base64,{picture}'>"


def _checkpoints(data: Mapping[str, Any]) -> str:
    rows = list(zip(data["checkpoints"], data["world_return"], data["twin_return"], strict=True))
    begins = "none found" if data["begins_at"] is None else f"from {data['checkpoints'][data['begins_at']]} on"
    return (
        f"<h2>Exploitation</h2><p>{html.escape(begins)}; best in the twin: "
        f"{html.escape(data['checkpoints'][data['best_in_twin']])}; gap {data['gap']:.2f}</p>"
        + table_of(
            ("checkpoint", "return in the world", "return in the twin"), [[_cell(one) for one in r] for r in rows]
        )
    )


def table_of(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """An HTML table of texts."""
    lines = ["".join(f"<th>{html.escape(str(cell))}</th>" for cell in head)]
    lines += ["".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _figure(figures: Mapping[str, Any], name: str) -> str:
    return _cell(figures[name])


def _interval(figures: Mapping[str, Any], name: str) -> str:
    low, high = (figures.get(f"{name}_{end}", float("nan")) for end in ("low", "high"))
    return f"{low:.3f} to {high:.3f}" if np.isfinite([low, high]).all() else ""


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if math.isfinite(value) else "not told"
    return str(value)
