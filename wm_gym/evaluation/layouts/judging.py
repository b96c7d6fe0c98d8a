"""A judge of plans: a small network that learns to tell two sets of windows apart. Half right is not at all."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.layout.cells import UNKNOWN, Grid

_TRAIN_SHARE, _STEPS, _BATCH = 0.7, 300, 32


class _Judge(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Embedding(UNKNOWN + 1, 12)
        self.layers = nn.Sequential(
            nn.Conv2d(12, 24, 3, 2, 1), nn.ReLU(), nn.Conv2d(24, 32, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(32, 48, 3, 2, 1), nn.ReLU(), nn.Dropout(0.3), nn.Conv2d(48, 1, 1),
        )  # fmt: skip

    def forward(self, cells: Tensor) -> Tensor:
        return self.layers(self.cell(cells).permute(0, 3, 1, 2)).mean((1, 2, 3))


def told_apart(first: Grid, second: Grid, seed: int = 0) -> float:
    """Share of held-out windows (N, S, S) of two sets that a judge, trained on the others, tells right."""
    torch.manual_seed(seed)
    cut = int(_TRAIN_SHARE * len(first))
    ours, theirs = (torch.from_numpy(one.astype(np.int64)) for one in (first, second))
    known = torch.cat([ours[:cut], theirs[:cut]])
    wanted = torch.cat([torch.ones(cut), torch.zeros(cut)])
    judge, rng = _Judge(), np.random.default_rng(seed)
    optimizer = torch.optim.Adam(judge.parameters(), 2e-3)
    for _ in range(_STEPS):
        rows = torch.from_numpy(rng.integers(len(known), size=_BATCH))
        windows = torch.rot90(known[rows], int(rng.integers(4)), (1, 2))
        loss = functional.binary_cross_entropy_with_logits(judge(windows), wanted[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    judge.eval()
    with torch.no_grad():
        right = (judge(ours[cut:]) > 0).float().mean() + (judge(theirs[cut:]) <= 0).float().mean()
    return float(right / 2)
