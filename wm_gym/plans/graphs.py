"""Small graphs: connected choices of edges, and fingerprints that are equal for equal topologies."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from wm_gym.plans.draft import Draft

Pair = tuple[int, int]

_ROUNDS = 6


def connected_choice(pairs: Sequence[Pair], share: float, rng: np.random.Generator) -> list[Pair]:
    """Pairs that connect all that `pairs` connect: a drawn tree, and of the others each with probability `share`.

    Source: Kruskal's algorithm over a random order.
    """
    group: dict[int, int] = {}

    def root(node: int) -> int:
        while group.setdefault(node, node) != node:
            node = group[node]
        return node

    chosen = []
    for index in rng.permutation(len(pairs)).tolist():
        first, second = (root(node) for node in pairs[index])
        group[first] = second
        if first != second or rng.random() < share:
            chosen.append(pairs[index])
    return sorted(chosen)


def topology_of(draft: Draft) -> str:
    """A fingerprint of the graph of spaces, equal for all drafts with the same graph up to the names of its nodes.

    Spaces count by their kinds. Source: Weisfeiler and Leman 1968, colour refinement.
    """
    return fingerprint([space.kind for space in draft.spaces], draft.links)


def fingerprint(kinds: Sequence[str], links: Iterable[Pair]) -> str:
    """A fingerprint of a graph with these kinds of nodes, up to the order of the nodes."""
    beside: list[list[int]] = [[] for _ in kinds]
    for first, second in links:
        beside[first].append(second)
        beside[second].append(first)
    colours = list(kinds)
    for _ in range(_ROUNDS):
        colours = [
            _digest([colours[node], *sorted(colours[other] for other in beside[node])]) for node in range(len(kinds))
        ]
    return _digest([f"{colour}:{count}" for colour, count in sorted(Counter(colours).items())])


def _digest(words: list[str]) -> str:
    return hashlib.blake2b("|".join(words).encode("ascii"), digest_size=8).hexdigest()
