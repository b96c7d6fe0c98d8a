"""A graph of where a body can go: spots to stand on and the straight walks between them.

Obstacles are known only by a test of positions, so this works in a map and in a memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import dijkstra

from wm_gym.geometry.sliding import Blocked

_NEIGHBOURS = 8
_PROBE_METRES = 0.25


@dataclass(frozen=True, eq=False)
class Ground:
    """Spots and the straight walks between them.

    Attributes:
        spots: (W, 2) float64 x, y in metres, world frame.
        blocked: For (M, 2) positions, (M,) whether a body cannot stand there; None where nothing is solid.
        links: (W, W) metres of each free straight walk between near spots, inf where there is none.
    """

    spots: np.ndarray
    blocked: Blocked | None
    links: np.ndarray

    @classmethod
    def survey(cls, spots: np.ndarray, blocked: Blocked | None = None) -> Ground:
        """Find the straight walks between each spot and its neighbours.

        Raises:
            ValueError: If there is no spot.
        """
        spots = np.asarray(spots, np.float64)
        if spots.ndim != 2 or spots.shape[1] != 2 or not len(spots):
            raise ValueError(f"spots must have shape (W, 2) with W at least 1, got {spots.shape}")
        distances = np.linalg.norm(spots[:, None] - spots, axis=-1)
        near = np.argsort(distances, axis=1, kind="stable")[:, 1 : _NEIGHBOURS + 1]
        pairs = sorted({(min(i, j), max(i, j)) for i, row in enumerate(near.tolist()) for j in row})
        links = np.full(distances.shape, np.inf)
        for i, j in pairs:
            if is_free(spots[i], spots[j], blocked):
                links[i, j] = links[j, i] = max(distances[i, j], 1e-6)
        return cls(spots, blocked, links)

    def route(self, here: np.ndarray, target: int) -> list[np.ndarray]:
        """Spots to walk along from `here` to a spot; straight to it where no way is known."""
        first = self.nearest(here)
        _, before = dijkstra(self.links, indices=first, return_predecessors=True)
        way = [target]
        while way[-1] != first and before[way[-1]] >= 0:
            way.append(int(before[way[-1]]))
        return [self.spots[k] for k in way[::-1]]

    def nearest(self, here: np.ndarray) -> int:
        """The nearest spot that can be walked to straight, or the nearest of all."""
        order = np.argsort(np.linalg.norm(self.spots - here, axis=1), kind="stable")[:_NEIGHBOURS]
        return int(next((k for k in order if is_free(here, self.spots[k], self.blocked)), order[0]))


def is_free(start: np.ndarray, end: np.ndarray, blocked: Blocked | None) -> bool:
    """Whether a body can walk straight from one position to another."""
    if blocked is None:
        return True
    count = max(2, int(np.linalg.norm(end - start) / _PROBE_METRES) + 1)
    return not np.asarray(blocked(start + np.linspace(0.0, 1.0, count)[:, None] * (end - start))).any()
