"""Scores of one scenario, from the shown frames of both of its branches and nothing else.

The questions are those of WBench (changed, recognisable, completed, right details, collateral), with onset delay,
place, persistence over a look-away, end and recovery.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.evaluation.suites.judge import EventJudge, Verdict
from wm_gym.evaluation.suites.newness import verdict_by_newness
from wm_gym.evaluation.suites.running import WITH, WITHOUT, Branches
from wm_gym.evaluation.suites.scenario import LOOK_AWAY_STEPS, Scenario
from wm_gym.events.kinds import KINDS
from wm_gym.geometry.cameras import unproject

_CHANGED_LEVELS, _GONE_LEVELS, _RELATIVE_DEPTH, _RIM_CELLS = 24.0, 3.0, 0.02, 3
_FAR_METRES = 30.0


@dataclass(frozen=True)
class Score:
    """What one scenario showed; None where a question does not apply.

    Attributes:
        realised: Whether the judge sees the event in at least half of the steps from its full strength on.
        onset_delay_steps: Steps from the trigger to the first step in which the judge sees it; a kind that ramps up is
            due one step later for each step of its ramp, and of the delay that its text asks for.
        changed_share: Share of pixels that differ by more than 24 levels at full strength.
        preservation: Median relative change of depth outside the event.
        collateral: Share of pixels outside a local event that differ by more than 24 levels.
        ended: Whether the judge no longer sees it at the end, for an event that ends.
        recovery_levels: Mean difference of both branches at the end, of 255, for an event that ends.
        place: x, y in metres where the event was first seen, or None.
        place_error_m: Distance between where it is seen before and after a look-away.
        persists: Whether it is seen again after a look-away.
        alone: Whether the branch without the event is that of a world that was never forked, to the byte.
    """

    realised: bool
    onset_delay_steps: int | None
    changed_share: float
    preservation: float | None
    collateral: float | None
    ended: bool | None
    recovery_levels: float | None
    place: tuple[float, float] | None
    place_error_m: float | None
    persists: bool | None
    alone: bool


def score(scenario: Scenario, branches: Branches, judge: EventJudge, frames_per_step: int) -> Score:
    """The score of a scenario that was run."""
    verdict = judge.judge(branches.frames[WITH], branches.frames[WITHOUT])
    if scenario.kind not in verdict.kinds:
        verdict = verdict_by_newness(scenario.kind, branches)
    sees = verdict.sees(scenario.kind)
    due = scenario.delay - (-KINDS[scenario.kind].ramp_frames // frames_per_step) - 1
    active = branches.num_steps if scenario.until is None else scenario.until - scenario.at
    first = next((k for k in range(active) if sees[k]), None)
    settled = slice(min(due, active - 1), LOOK_AWAY_STEPS // 2 if scenario.actions == "look_away" else active)
    full = min(max(due, 0), active - 1)
    spots = _spots(scenario, branches, verdict) if not KINDS[scenario.kind].is_global else {}
    ends = scenario.until is not None
    again, error = _after_look_away(scenario, sees, spots)
    return Score(
        realised=bool(sees[settled].float().mean() >= 0.5),
        onset_delay_steps=None if first is None else max(0, first - due),
        changed_share=float((_levels(branches, full) > _CHANGED_LEVELS).float().mean()),
        preservation=_preservation(branches, full),
        collateral=_collateral(scenario, branches, verdict, full),
        ended=bool(~sees[-1]) if ends else None,
        recovery_levels=float(_levels(branches, -1).mean()) if ends else None,
        place=next(iter(spots.values()), None),
        place_error_m=error,
        persists=again,
        alone=branches.alone,
    )


def _levels(branches: Branches, step: int) -> Tensor:
    """(H, W) mean absolute difference of both branches."""
    return (branches.frames[WITH, step].float() - branches.frames[WITHOUT, step].float()).abs().mean(-1)


def _preservation(branches: Branches, step: int) -> float | None:
    """Median relative change of depth where colours are not those of the event: outside what is seen to move in."""
    ours, theirs = branches.depth[WITH, step], branches.depth[WITHOUT, step]
    known = (ours > 0) & (theirs > 0)
    return float(((ours - theirs).abs() / theirs)[known].median()) if known.any() else None


def _collateral(scenario: Scenario, branches: Branches, verdict: Verdict, step: int) -> float | None:
    """Share of pixels away from a local event that have changed; None for global events."""
    if KINDS[scenario.kind].is_global:
        return None
    mask = verdict.mask(scenario.kind)[step].float()[None, None]
    wide = functional.max_pool2d(mask, 2 * _RIM_CELLS + 1, 1, _RIM_CELLS)
    levels = _levels(branches, step)
    outside = functional.interpolate(wide, levels.shape)[0, 0] < 0.5
    return float((levels[outside] > _CHANGED_LEVELS).float().mean()) if outside.any() else None


def _spots(scenario: Scenario, branches: Branches, verdict: Verdict) -> dict[int, tuple[float, float]]:
    """For each step in which a local event is seen, x and y of its nearest part, by the judge's mask and the depth."""
    masks, sees = verdict.mask(scenario.kind), verdict.sees(scenario.kind)
    spots = {}
    for step in range(branches.num_steps):
        spot = _spot(branches, masks[step], step) if sees[step] else None
        if spot is not None:
            spots[step] = spot
    return spots


def _spot(branches: Branches, mask: Tensor, step: int) -> tuple[float, float] | None:
    """Where the pixels of a mask are that show something new: the median of their points."""
    ours, theirs = branches.depth[WITH, step], branches.depth[WITHOUT, step]
    cells = functional.interpolate(mask.float()[None, None], ours.shape)[0, 0] > 0.5
    new = cells & (ours > 0) & (ours < _FAR_METRES) & ((theirs - ours) > _RELATIVE_DEPTH * theirs)
    if not new.any():
        return None
    points = unproject(ours, branches.intrinsics, branches.world_from_camera[WITH, step])[new]
    x, y = points[:, :2].median(0).values.tolist()
    return x, y


def _after_look_away(
    scenario: Scenario, sees: Tensor, spots: dict[int, tuple[float, float]]
) -> tuple[bool | None, float | None]:
    """Whether the event is seen again, and how far from where it was; None for scenarios that do not look away."""
    if scenario.actions != "look_away":
        return None, None
    back = 2 * LOOK_AWAY_STEPS + LOOK_AWAY_STEPS // 2
    again = [k for k in range(back, len(sees)) if sees[k]]
    earlier, later = [spots[k] for k in spots if k < LOOK_AWAY_STEPS // 2], [spots[k] for k in spots if k >= back]
    if not earlier or not later:
        return bool(again), None
    return bool(again), float(np.linalg.norm(np.median(earlier, 0) - np.median(later, 0)))


def share(values: list[bool]) -> float:
    """Of what holds; NaN of nothing."""
    return float(np.mean(values)) if values else float("nan")


def median(values: list[float]) -> float:
    """NaN of nothing."""
    return float(torch.tensor(values).median()) if values else float("nan")
