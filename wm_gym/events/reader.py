"""`EventReader`: a small network that reads what a sentence asks for, where the rules of `language` know no word of it.

A mean of hashed words, pairs of words and letter trigrams, then a layer; trained on a grammar of many phrasings
(`train_world.words`). Text that it is not sure about is about no known kind.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.networks.weights_file import load_module, save_module

FORMAT = "wm_gym.event_reader"
SHIPPED = Path(__file__).parent / "shipped" / "reader.safetensors"
_MOST_WORDS, _SURE = 40, 0.5


@dataclass(frozen=True)
class ReaderConfig:
    """Shape of the reader.

    Attributes:
        kinds: Kinds that it tells, beside none.
        vocabulary: Hashes of words and their parts.
        width: Numbers for each of them.
        hidden: Numbers of the layer.
    """

    kinds: tuple[str, ...]
    vocabulary: int = 6144
    width: int = 32
    hidden: int = 64


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
        self.pieces = nn.EmbeddingBag(config.vocabulary, config.width, mode="mean")
        self.layer = nn.Sequential(nn.Linear(config.width, config.hidden), nn.SiLU())
        self.kind, self.start = nn.Linear(config.hidden, len(config.kinds) + 1), nn.Linear(config.hidden, 1)

    def forward(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """(N, K + 1) logits of kinds and none, (N,) logits of the start."""
        rows = [pieces_of(text, self.config.vocabulary) for text in texts]
        starts = torch.tensor([0, *[len(row) for row in rows[:-1]]]).cumsum(0)
        hidden = self.layer(self.pieces(torch.tensor([piece for row in rows for piece in row]), starts))
        return self.kind(hidden), self.start(hidden)[:, 0]

    def read(self, text: str) -> Reading:
        """What one sentence asks for."""
        with torch.inference_mode(), own_arithmetic():
            kinds, start = self([text])
        shares = kinds[0].softmax(0)
        best = int(shares.argmax())
        is_known = best < len(self.config.kinds) and float(shares[best]) > _SURE
        return Reading(self.config.kinds[best], bool(start[0] > 0)) if is_known else Reading(None, True)


def pieces_of(text: str, vocabulary: int) -> list[int]:
    """Hashes of the words of a text, of neighbours, and of the letter trigrams of each; at least one."""
    words = re.findall(r"[a-z0-9]+", text.lower())[:_MOST_WORDS]
    pairs = [f"{a} {b}" for a, b in pairwise(words)]
    marked = [f"<{word}>" for word in words]
    trigrams = [word[k : k + 3] for word in marked for k in range(len(word) - 2)]
    return [zlib.crc32(piece.encode()) % vocabulary for piece in [*marked, *pairs, *trigrams]] or [0]


def save_reader(path: Path, reader: EventReader) -> str:
    """Write a reader in bfloat16, atomically; returns the hash of the file."""
    return save_module(path, FORMAT, {"config": asdict(reader.config)}, reader)


def load_reader(path: Path) -> EventReader:
    """The reader of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """

    def make(header: dict[str, Any]) -> EventReader:
        return EventReader(ReaderConfig(**header["config"] | {"kinds": tuple(header["config"]["kinds"])}))

    return load_module(path, FORMAT, make).eval()


@cache
def shipped_reader() -> EventReader:
    """The reader that comes with the package, loaded once in a process."""
    return load_reader(SHIPPED)
