"""Verdicts on kinds that the judge was not trained on: what stands nearer than before, in other colours.

They say that something with a shape stands there, and where; not what it is.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.evaluation.suites.judge import Verdict
from wm_gym.evaluation.suites.running import WITH, WITHOUT, Branches

_CHANGED_LEVELS, _NEARER, _LEAST_SHARE = 24.0, 0.02, 0.004


def verdict_by_newness(kind: str, branches: Branches) -> Verdict:
    """The verdict that a thing is seen where at least 0.4 % of the frame is new, and where it is."""
    surfaces = new_surfaces(branches)
    seen = (surfaces.flatten(1).float().mean(1) >= _LEAST_SHARE).float()
    masks = functional.max_pool2d(surfaces[:, None].float(), 2)
    return Verdict((kind,), seen[:, None], (kind,), masks)


def new_surfaces(branches: Branches) -> Tensor:
    """(S, H, W) bool: pixels of the branch with the event that differ by more than 24 levels and are 2 % nearer."""
    levels = (branches.frames[WITH].float() - branches.frames[WITHOUT].float()).abs().mean(-1)
    ours, theirs = branches.depth[WITH], branches.depth[WITHOUT]
    nearer = (theirs - ours) > _NEARER * theirs
    return torch.logical_and(levels > _CHANGED_LEVELS, nearer & (ours > 0))
