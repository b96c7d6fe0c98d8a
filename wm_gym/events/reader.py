"""`EventReader`: a small network that reads what a sentence asks for, where the rules know no word of it.

Stems of words, a convolution over neighbours, the most and the mean of what it finds, and a layer; trained on a grammar
of many phrasings (`train_world.words`). All words that the grammar does not know are one and the same to it, so that a
sentence of strange words is about no known kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.networks.weights_file import load_module, save_module

FORMAT = "wm_gym.event_words"
SHIPPED = Path(__file__).parent / "shipped" / "reader.safetensors"
_MOST_WORDS, _SURE, _DROPPED = 40, 0.7, 0.2
_NONE, _UNKNOWN, _FIRST = 0, 1, 2
"""Numbers of no word, of an unknown word and of the first word of the vocabulary."""


@dataclass(frozen=True)
class ReaderConfig:
    """Shape of the reader.

    Attributes:
        kinds: Kinds that it tells, beside none.
        words: Stems that it knows.
        width: Numbers for each of them.
        hidden: Numbers of each layer.
    """

    kinds: tuple[str, ...]
    words: tuple[str, ...]
    width: int = 32
    hidden: int = 96

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each stem."""
        return {word: number for number, word in enumerate(self.words, _FIRST)}


@dataclass(frozen=True)
class Reading:
    """What a sentence asks for.

    Attributes:
        kind: A kind of the reader, or None.
        starts: Whether it is to begin.
    """

    kind: str | None
    starts: bool


class EventReader(nn.Module):
    """Logits of kinds and of the start."""

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(len(config.words) + _FIRST, config.width, padding_idx=_NONE)
        self.neighbours = nn.Conv1d(config.width, config.hidden, 3, padding=1)
        self.layer = nn.Sequential(nn.Linear(2 * config.hidden, config.hidden), nn.SiLU())
        self.kind, self.start = nn.Linear(config.hidden, len(config.kinds) + 1), nn.Linear(config.hidden, 1)

    def forward(self, texts: Sequence[str], generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """(N, K + 1) logits of kinds and none, (N,) logits of the start.

        Args:
            texts: N sentences.
            generator: Of the numbers that are left out while it learns; None: all are kept.
        """
        rows = [torch.tensor(self._numbers(text)) for text in texts]
        numbers = pad_sequence(rows, batch_first=True, padding_value=_NONE)
        there = (numbers != _NONE)[:, None]
        # (N, T, W) -> (N, H, T)
        found = self.neighbours(_dropped(self.words(numbers), generator).transpose(1, 2)).relu() * there
        pooled = torch.cat([found.amax(2), found.sum(2) / there.sum(2)], 1)
        hidden = _dropped(self.layer(pooled), generator)
        return self.kind(hidden), self.start(hidden)[:, 0]

    def read(self, text: str) -> Reading:
        """What one sentence asks for."""
        with torch.inference_mode(), own_arithmetic():
            kinds, start = self([text])
        shares = kinds[0].softmax(0)
        best = int(shares.argmax())
        is_known = best < len(self.config.kinds) and float(shares[best]) > _SURE
        return Reading(self.config.kinds[best], bool(start[0] > 0)) if is_known else Reading(None, True)

    def _numbers(self, text: str) -> list[int]:
        return [self.config.numbers.get(stem, _UNKNOWN) for stem in stems_of(text)] or [_UNKNOWN]


def _dropped(numbers: Tensor, generator: torch.Generator | None) -> Tensor:
    """Numbers of which a fifth are nothing and the others larger (dropout), or all of them without a generator."""
    if generator is None:
        return numbers
    kept = torch.rand(numbers.shape, generator=generator) >= _DROPPED
    return numbers * kept / (1.0 - _DROPPED)


def stems_of(text: str) -> list[str]:
    """Words of a text without their endings, at most forty."""
    return [_stem(word) for word in re.findall(r"[a-z0-9]+", text.lower())[:_MOST_WORDS]]


def _stem(word: str) -> str:
    """A word without -s, -ed, -ing, -y, -ly or -ish, where three letters and a vowel are left."""
    bare = re.sub(r"(?<=[a-z]{3})(?:ing|ed|es|s|ly|ish|y|ies|e)$", "", word)
    bare = re.sub(r"(?<=[a-z]{3})(?:ing|ed|e)$", "", bare)
    bare = re.sub(r"([bdgklmnprt])\1$", r"\1", bare)
    return bare if re.search(r"[aeiouy]", bare) else word


def save_reader(path: Path, reader: EventReader) -> str:
    """Write a reader in bfloat16, atomically; returns the hash of the file."""
    return save_module(path, FORMAT, {"config": asdict(reader.config)}, reader)


def load_reader(path: Path) -> EventReader:
    """The reader of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """

    def make(header: dict[str, Any]) -> EventReader:
        config = header["config"]
        return EventReader(ReaderConfig(**config | {"kinds": tuple(config["kinds"]), "words": tuple(config["words"])}))

    return load_module(path, FORMAT, make).eval()


@cache
def shipped_reader() -> EventReader:
    """The reader that comes with the package, loaded once in a process."""
    return load_reader(SHIPPED)
