"""Sampling: the unknown patches of a window are drawn in a few rounds, then the objects on them.

A round asks the network once and draws a few patches, in any order and none beside another; a patch of which some cells
are known is drawn among those that fit. Where the surest came first, as in MaskGIT (Chang et al. 2022), bare floor and
lawn would come before all that is rare, and leave no room for it. A round is a pure function and can be taken in parts,
so that a world takes a few in each of its steps. Guidance by words is that of Ho and Salimans (2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.last_used import LastUsed
from wm_gym.layout.cells import PATCH, SOLID, UNKNOWN, UNSURE, Grid
from wm_gym.layout.dictionary import Encoder
from wm_gym.layout.int8_network import Int8LayoutNetwork, Int8Linear, Tokens
from wm_gym.layout.network import LayoutNetwork
from wm_gym.layout.windows import patches_of, windows_of
from wm_gym.layout.words import UNSAID
from wm_gym.networks.arithmetic import each_in_threads

_HASTE = 2.0
"""Power of the share of rounds that is the share of patches drawn by then: few at first, on which the others follow."""

_ASKED_AT_ONCE = 32
"""The last layer is asked for multiples of so many patches, since oneDNN compiles a product for each of its shapes."""

_BLOCKS_AT_ONCE = 2
"""Blocks of the network in a part of a round."""

_KEPT_PASSES = 32
"""Windows whose tokens are kept between the parts of a round; those of others are computed again."""

_DENIED_NATS = 4.0
"""What each known cell costs that a patch denies."""


@dataclass(frozen=True)
class SamplingConfig:
    """How windows are drawn.

    Attributes:
        most_rounds: Rounds in which a window is drawn of which nothing is known.
        least_rounds: Rounds for the smallest part of a window.
        object_rounds: Rounds for its objects.
        temperature: Of what is drawn.
        guidance: How far words are heeded; 1 plainly.
        least_share: Entries of the dictionary are left out that are this much less likely than the likeliest.
        repairs: Share of the drawn patches that are drawn once more, the least likely beside the others.
        repair_rounds: Rounds in which that is done.
    """

    most_rounds: int = 14
    least_rounds: int = 4
    object_rounds: int = 3
    temperature: float = 1.0
    guidance: float = 2.0
    least_share: float = 1e-5
    repairs: float = 0.25
    repair_rounds: int = 4


@dataclass(frozen=True, eq=False)
class Drawing:
    """A window on its way.

    Attributes:
        cells: (S, S) uint8, `UNKNOWN` where nothing is drawn yet.
        objects: (G, G) uint8, `UNSURE` where nothing is drawn yet.
        family: Number of the family, `network.ANY_FAMILY` for any.
        words: (W,) int64.
        seed: Numbers that seed every draw of this window.
        rounds: Rounds in which its cells are drawn.
        round: Rounds taken.
        unknown: Patches that were unknown at first.
        given: (S, S) uint8, the cells as they were at first.
        is_repaired: Whether the least likely patches have been taken out again.
        first_round: Round in which the cells that are unknown now began to be drawn.
        part: Parts taken of the round that is next.
    """

    cells: Grid
    objects: NDArray[np.uint8]
    family: int
    words: NDArray[np.int64]
    seed: tuple[int, ...]
    rounds: int
    round: int
    unknown: int
    given: Grid
    is_repaired: bool
    first_round: int = 0
    part: int = 0

    @property
    def has_cells(self) -> bool:
        """Whether all cells are drawn."""
        return self.is_repaired and not (self.cells == UNKNOWN).any()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to draw."""
        return self.has_cells and not (self.objects == UNSURE).any()


def begun(
    cells: Grid, objects: NDArray[np.uint8], family: int, words: NDArray[np.int64], seed: tuple[int, ...],
    config: SamplingConfig,
) -> Drawing:  # fmt: skip
    """A window of which nothing is drawn yet.

    Args:
        cells: (S, S) classes, `UNKNOWN` where they are to be drawn.
        objects: (G, G) objects, `UNSURE` where they are to be drawn.
        family: Number of the family, `network.ANY_FAMILY` for any.
        words: (W,) as `words.read_words`.
        seed: Numbers that seed every draw.
        config: How it is drawn.
    """
    unknown = int((patches_of(cells) == UNKNOWN).any(-1).sum())
    share = unknown / (cells.size / PATCH**2)
    rounds = max(config.least_rounds, math.ceil(config.most_rounds * share))
    is_whole = config.repairs == 0 or not unknown
    return Drawing(cells, objects, family, words, seed, rounds, 0, unknown, cells, is_whole)


class Sampler:
    """Draws windows with one network."""

    def __init__(self, network: LayoutNetwork, config: SamplingConfig | None = None) -> None:
        """Draw with a trained network."""
        self.network, self.config = network.eval(), config or SamplingConfig()
        self.dictionary = network.dictionary.numpy()
        self._encoder, self._int8 = Encoder(self.dictionary), Int8LayoutNetwork(network)
        self._parts_of_pass = max(1, math.ceil((self._int8.depth - 1) / _BLOCKS_AT_ONCE))
        self._passes: LastUsed[Drawing, tuple[Tokens, ...]] = LastUsed(_KEPT_PASSES)

    def filled(self, drawing: Drawing) -> Drawing:
        """The window, drawn to its end."""
        while not drawing.is_done:
            drawing = self.advanced(drawing)
        return drawing

    def parts(self, drawing: Drawing) -> int:
        """How many parts a round of this window has."""
        return len(_sentences(drawing, self.config)) * self._parts_of_pass

    def partly_advanced(self, drawing: Drawing) -> Drawing:
        """The window, one part of a round on: a few blocks of the network."""
        if drawing.part + 1 >= self.parts(drawing):
            return self.advanced(drawing)
        further = replace(drawing, part=drawing.part + 1)
        self._passes.get(further, lambda: self._part_on(self._passes_of(drawing), drawing.part))
        return further

    def advanced(self, drawing: Drawing) -> Drawing:
        """The window at the end of its round; its cells come first, then its objects."""
        generator = torch.Generator().manual_seed(_mixed(*drawing.seed, drawing.round))
        with torch.inference_mode():
            if drawing.has_cells:
                done = self._objects(drawing, generator)
            else:
                done = self._cells(drawing, generator) if (drawing.cells == UNKNOWN).any() else self._doubted(drawing)
            return replace(done, round=drawing.round + 1, part=0)

    def _cells(self, drawing: Drawing, generator: torch.Generator) -> Drawing:
        patches = patches_of(drawing.cells)
        at = np.argwhere((patches == UNKNOWN).any(-1))
        order = torch.randperm(len(at), generator=generator).numpy()
        at = at[_apart(at, order, _due(drawing, len(at)))]
        where = tuple(at.T)
        scores = self._scores(self._int8.leave, drawing, at) + self._fit(patches[where])
        likely = scores > scores.max(-1, keepdim=True).values + math.log(self.config.least_share)
        scores = scores.masked_fill(~likely, -torch.inf)
        chosen = (scores / self.config.temperature + _gumbel(scores.shape, generator)).argmax(-1)
        patches[where] = np.where(patches[where] == UNKNOWN, self.dictionary[chosen.numpy()], patches[where])
        return replace(drawing, cells=windows_of(patches))

    def _doubted(self, drawing: Drawing) -> Drawing:
        """The window without the drawn patches that are least likely beside the others; they are drawn once more."""
        patches, given = patches_of(drawing.cells), patches_of(drawing.given)
        at = np.argwhere((given == UNKNOWN).any(-1))
        scores = self._scores(self._int8.leave, drawing, at).log_softmax(-1)
        codes = torch.from_numpy(self._encoder(patches[tuple(at.T)]))
        likely = scores.gather(-1, codes[:, None])[:, 0]
        worst = at[likely.argsort()[: math.ceil(self.config.repairs * len(at))].numpy()]
        patches[tuple(worst.T)] = given[tuple(worst.T)]
        first = drawing.round + 1
        return replace(
            drawing, cells=windows_of(patches), rounds=first + self.config.repair_rounds, is_repaired=True,
            unknown=len(worst), first_round=first,
        )  # fmt: skip

    def _objects(self, drawing: Drawing, generator: torch.Generator) -> Drawing:
        at = np.argwhere(drawing.objects == UNSURE)
        scores = self._scores(self._int8.leave_objects, drawing, at)
        blocked = np.concatenate(
            [np.zeros((len(at), 1), bool), np.tile(SOLID[patches_of(drawing.cells)[tuple(at.T)]], 4)], 1
        )
        scores = scores.masked_fill(torch.from_numpy(blocked), -torch.inf)
        chosen = (scores + _gumbel(scores.shape, generator)).argmax(-1).numpy()
        rounds_left = max(1, drawing.rounds + self.config.object_rounds - drawing.round)
        kept = torch.randperm(len(at), generator=generator)[: math.ceil(len(at) / rounds_left)].numpy()
        objects = drawing.objects.copy()
        objects[tuple(at[kept].T)] = chosen[kept]
        return replace(drawing, objects=objects)

    def _scores(self, leave: Int8Linear, drawing: Drawing, at: NDArray[np.int64]) -> Tensor:
        """Logits (A, K) at patches (A, 2); words are heeded by guidance, where there are any."""
        asked = np.concatenate([at @ (len(drawing.objects), 1), np.zeros(-len(at) % _ASKED_AT_ONCE, np.int64)])

        def of_pass(tokens: Tokens) -> Tensor:
            return torch.from_numpy(leave(self._int8.features(tokens, asked))[: len(at)])

        scores = each_in_threads(of_pass, self._passes_of(drawing))
        if len(scores) == 1:
            return scores[0]
        plain, told = scores
        return plain + self.config.guidance * (told - plain)

    def _passes_of(self, drawing: Drawing) -> tuple[Tokens, ...]:
        """The tokens of each pass of a round, as far as its parts have brought them."""
        return self._passes.get(drawing, lambda: self._passes_again(drawing))

    def _passes_again(self, drawing: Drawing) -> tuple[Tokens, ...]:
        passes = tuple(
            self._int8.begun(drawing.cells, drawing.objects, drawing.family, words)
            for words in _sentences(drawing, self.config)
        )
        for part in range(drawing.part):
            passes = self._part_on(passes, part)
        return passes

    def _part_on(self, passes: tuple[Tokens, ...], part: int) -> tuple[Tokens, ...]:
        own = part // self._parts_of_pass
        return *passes[:own], self._int8.advanced(passes[own], _BLOCKS_AT_ONCE), *passes[own + 1 :]

    def _fit(self, patches: Grid) -> Tensor:
        """(A, K) nats by which known cells of patches (A, 16) speak against each entry of the dictionary."""
        known = patches != UNKNOWN
        found = np.zeros((len(patches), len(self.dictionary)), np.float32)
        for row in np.flatnonzero(known.any(-1)):
            own = known[row]
            found[row] = -_DENIED_NATS * (self.dictionary[:, own] != patches[row, own]).sum(-1)
        return torch.from_numpy(found)


def _sentences(drawing: Drawing, config: SamplingConfig) -> tuple[NDArray[np.int64], ...]:
    """The words of each pass of the network that a round takes: the window's, after none where they are heeded more."""
    if config.guidance == 1.0 or not (drawing.words != UNSAID).any():
        return (drawing.words,)
    return np.zeros_like(drawing.words), drawing.words


def _due(drawing: Drawing, unknown: int) -> int:
    """How many of the unknown patches a round draws."""
    done = (drawing.round + 1 - drawing.first_round) / (drawing.rounds - drawing.first_round)
    left = 0 if done >= 1 else int(drawing.unknown * (1 - done**_HASTE))
    return max(1, unknown - left)


def _apart(at: NDArray[np.int64], order: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The first `count` rows in an order of which none lies beside another; then others, where there are too few."""
    taken, side = set[tuple[int, int]](), []
    for row in order.tolist():
        i, j = at[row].tolist()
        if not taken & {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)}:
            taken.add((i, j))
            side.append(row)
            if len(side) == count:
                return np.array(side)
    rest = [row for row in order.tolist() if tuple(at[row].tolist()) not in taken]
    return np.array(side + rest[: count - len(side)])


def _mixed(*numbers: int) -> int:
    return int(np.random.SeedSequence([number & 0xFFFFFFFF for number in numbers]).generate_state(1, np.uint64)[0] >> 1)


def _gumbel(shape: torch.Size, generator: torch.Generator) -> Tensor:
    return -torch.log(-torch.log(torch.rand(shape, generator=generator).clamp(1e-9, 1 - 1e-7)))
