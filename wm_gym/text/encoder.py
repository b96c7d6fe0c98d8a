"""A small text encoder, trained with the model: hashed words and their letter trigrams, mixed by one attention layer.

Trigrams let a word that was never seen lie near its kin ("snowing", "snowfall"). The same text gives the same
tokens in every process. Knows nothing of events.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

PIECES_PER_WORD = 12


class TextEncoder(nn.Module):
    """Words to vectors."""

    def __init__(self, dim: int, vocabulary: int, max_words: int) -> None:
        super().__init__()
        self.vocabulary, self.max_words = vocabulary, max_words
        self.pieces = nn.EmbeddingBag(vocabulary, dim, mode="mean", padding_idx=0)
        self.positions = nn.Parameter(0.02 * torch.randn(max_words, dim))
        self.mixer = nn.TransformerEncoderLayer(
            dim, nhead=4, dim_feedforward=2 * dim, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )

    def forward(self, prompts: Sequence[str]) -> Tensor:
        """N prompts to (N, max_words, dim); past the end of a prompt the vectors are those of empty words."""
        table = torch.tensor([piece_table(p, self.max_words, self.vocabulary) for p in prompts])
        table = table.to(self.positions.device)
        words = self.pieces(table.flatten(0, 1)).unflatten(0, (len(prompts), -1)) + self.positions
        return self.mixer(words)


@lru_cache(maxsize=4096)
def piece_table(prompt: str, max_words: int, vocabulary: int) -> tuple[tuple[int, ...], ...]:
    """For each word of a prompt the hashes of the word and its trigrams, 1..vocabulary - 1; 0 fills up."""
    words = re.findall(r"[a-z0-9']+", prompt.lower())[:max_words]
    rows = [_hashes(word, vocabulary) for word in words]
    return tuple(rows + [(0,) * PIECES_PER_WORD] * (max_words - len(rows)))


def _hashes(word: str, vocabulary: int) -> tuple[int, ...]:
    marked = f"<{word}>"
    pieces = [marked, *(marked[k : k + 3] for k in range(len(marked) - 2))][:PIECES_PER_WORD]
    hashes = [1 + zlib.crc32(piece.encode()) % (vocabulary - 1) for piece in pieces]
    return tuple(hashes + [0] * (PIECES_PER_WORD - len(hashes)))
