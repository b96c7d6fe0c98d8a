"""The figures of a trust report from its episodes, as its JSON holds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from wm_gym.agents.summary import success_interval
from wm_gym.evaluation.trust.exploitation import exploitation
from wm_gym.evaluation.trust.figures import agreement, auc_by_start, share
from wm_gym.evaluation.trust.prediction import foreseen
from wm_gym.evaluation.trust.records import AGAIN, TWIN, WORLD
from wm_gym.evaluation.trust.tables import Row, Table

LEAST_POLICIES = 3
"""Of fewer a correlation says nothing."""

STEPS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Steps at which divergence is told."""


def summary(tables: Sequence[Table], seeing: Collection[str] = ()) -> dict[str, Any]:
    """Figures of all tasks: the worst task's agreement, and shares over the episodes of all tasks.

    Args:
        tables: One for each task.
        seeing: Names of policies that are shown frames.

    Returns:
        "pearson" and "spearman" are the lowest of the tasks, "mmrv" the highest, "transfer_ratio" the farthest from 1;
        "tasks" has all of them by task.
    """
    tasks = {table.task: of_task(table, seeing) for table in tables}
    figures = {name: _told(tasks, name, min) for name in ("pearson", "spearman")}
    figures |= {"mmrv": _told(tasks, "mmrv", max)}
    figures |= {"transfer_ratio": _told(tasks, "transfer_ratio", lambda values: max(values, key=lambda v: abs(v - 1)))}
    return figures | _trust(tables) | _shares(tables) | {"tasks": tasks}


def of_task(table: Table, seeing: Collection[str] = ()) -> dict[str, Any]:
    """Figures of one task, with a row for each policy and how the worlds come apart by step.

    Agreement is of returns, in units of the range that the policies have in the twin; "success_pearson" and so on are
    of success, "seeing_pearson" and so on of the returns of policies that are shown frames, "ceiling_pearson" and so on
    of the twin's returns with those from other starts.
    """
    returns = [table.values(place, "return") for place in (WORLD, TWIN, AGAIN)]
    span = float(np.ptp(returns[1].mean(1))) or 1.0
    world, twin, again = (values / span for values in returns)
    successes = [table.values(place, "is_success") for place in (WORLD, TWIN)]
    by_return, by_success = agreement(world, twin), agreement(*successes)
    figures = _renamed(by_return, "", without="ratio") | _renamed(by_success, "success_", without="ratio")
    figures |= _renamed(by_success if successes[0].any() else by_return, "transfer_", only="ratio")
    chosen = [p for p, name in enumerate(table.policies) if name in seeing]
    if len(chosen) >= LEAST_POLICIES:
        figures |= _renamed(agreement(world[chosen], twin[chosen]), "seeing_", without="ratio")
    if again.size:
        figures |= _renamed(agreement(twin, again, is_paired=False), "ceiling_", without="ratio")
    told: dict[str, Any] = {"episodes": len(table.numbers), **figures, **_trust([table]), **_shares([table])}
    return told | {"policies": _policies(table), "by_step": _by_step(table)}


def of_checkpoints(table: Table) -> dict[str, Any]:
    """Returns along the checkpoints of one training, and where they part in the world and the twin."""
    world, twin = (table.values(place, "return") for place in (WORLD, TWIN))
    found = exploitation(world, twin)
    return {
        "task": table.task,
        "checkpoints": list(table.policies),
        "world_return": world.mean(1).tolist(),
        "twin_return": twin.mean(1).tolist(),
        "best_in_twin": found.best_in_twin,
        "begins_at": found.begins_at,
        "gap": found.gap,
    }


def _policies(table: Table) -> list[dict[str, Any]]:
    """For each policy its means, and what the twin made of its episodes."""
    columns = {
        f"{place}_{short}": table.values(place, name)
        for place in (WORLD, TWIN)
        for short, name in (("return", "return"), ("success", "is_success"))
    }
    replayed = np.zeros(columns["world_success"].shape)
    for p, e, row in table.compared():
        replayed[p, e] = row["lockstep"]["is_success"]
    rows = []
    for p, name in enumerate(table.policies):
        told: dict[str, Any] = {"policy": name}
        told |= {column: float(values[p].mean()) for column, values in columns.items()}
        for place in (WORLD, TWIN):
            successes = int(columns[f"{place}_success"][p].sum())
            low, high = success_interval(successes, len(table.numbers))
            told |= {f"{place}_success_low": low, f"{place}_success_high": high}
        succeeded = columns["world_success"][p] > 0
        told["hallucinated"] = int((succeeded & (replayed[p] == 0)).sum())
        told["missed"] = int((~succeeded & (replayed[p] > 0)).sum())
        rows.append(told)
    return rows


def _shares(tables: Sequence[Table]) -> dict[str, float]:
    """Hallucinated and missed success over all episodes of the world."""
    counts: dict[str, list[np.ndarray]] = {"hallucinated_success": [], "missed_success": []}
    for table in tables:
        hits = np.zeros((2, 2, len(table.numbers)))
        for _, e, row in table.compared():
            kind = 0 if row["is_success"] else 1
            hits[kind, 0, e] += row["lockstep"]["is_success"] != row["is_success"]
            hits[kind, 1, e] += 1
        for kind, name in enumerate(counts):
            counts[name].append(hits[kind])
    told: dict[str, float] = {}
    for name, parts in counts.items():
        hits, cases = np.concatenate(parts, axis=1)
        told |= share(hits, cases, name)
    return told


def _trust(tables: Sequence[Table]) -> dict[str, float]:
    """Whether distrust foresees that depth comes apart."""
    scores, events, starts = [], [], []
    for t, table in enumerate(tables):
        for _, e, row in table.compared():
            score, event = foreseen(row["lockstep"]["trust"], row["lockstep"]["depth_absrel"])
            scores.append(score)
            events.append(event)
            starts.append(np.full(len(score), t * 100_000 + e))
    score, event, start = (np.concatenate(parts) for parts in (scores, events, starts))
    figures = auc_by_start(score, event, start, "trust_auc") if len(score) else {"trust_auc": float("nan")}
    return figures | {"trust_auc_steps": float(len(score))}


def _by_step(table: Table) -> list[dict[str, float]]:
    """At some steps, over the episodes that came so far: what has come apart."""
    steps = [row["lockstep"] for _, _, row in table.compared()]
    found = []
    for step in STEPS:
        here = [{name: one[name][step - 1] for name in one if isinstance(one[name], list)} for one in steps
                if len(one["trust"]) >= step]  # fmt: skip
        if here:
            found.append({"step": step, "episodes": len(here), **_at_step(here)})
    return found


def _at_step(here: Sequence[Row]) -> dict[str, float]:
    errors = [one["depth_absrel"] for one in here if one["depth_absrel"] is not None]
    return {
        "depth_absrel_median": float(np.median(errors)) if errors else float("nan"),
        "pose_metres": float(np.mean([one["pose_metres"] for one in here])),
        "pose_degrees": float(np.mean([one["pose_degrees"] for one in here])),
        "collisions_unlike": float(np.mean([one["collided_world"] != one["collided_twin"] for one in here])),
        "events_unlike": float(np.mean([one["events_unlike"] for one in here])),
        "trust": float(np.mean([one["trust"] for one in here])),
    }


def _renamed(figures: Mapping[str, float], prefix: str, *, only: str = "", without: str = " ") -> dict[str, float]:
    return {
        f"{prefix}{name}": value
        for name, value in figures.items()
        if name.startswith(only) and not name.startswith(without)
    }


def _told(tasks: Mapping[str, Mapping[str, Any]], name: str, choose: Any) -> float:
    """One of the tasks' figures; those that cannot be told are left out."""
    values = [figures[name] for figures in tasks.values() if np.isfinite(figures[name])]
    return float(choose(values)) if values else float("nan")
