"""Constrained decoding: what a language model writes is a text of a grammar, whatever its weights and its tokenizer.

A grammar speaks of characters and a tokenizer of pieces, so the pieces stand in a tree by their characters, and in each
state the tree is walked along the characters that may come. Sampling is done here as well: Gumbel noise, from a
generator of each world, makes the greatest score a sample (Gumbel 1954), so a world's words do not depend on its batch.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

from wm_gym.agents.vlm.grammar import Grammar


class TokenTree:
    """The pieces of a tokenizer that a grammar can use, as a tree by their characters.

    Args:
        tokenizer: Of the transformers library. The pieces of a text must join to the text.
        alphabet: Characters of the grammar.

    Raises:
        ValueError: If a character of the alphabet cannot be written.
    """

    def __init__(self, tokenizer: Any, alphabet: frozenset[str]) -> None:
        self.root: dict[str, Any] = {}
        self.texts: dict[int, str] = {}
        for token, text in _pieces(tokenizer, alphabet):
            node = self.root
            for character in text:
                node = node.setdefault(character, {})
            node.setdefault("", []).append(token)
            self.texts[token] = text
        missing = sorted(alphabet - set(self.texts.values()))
        if missing:
            raise ValueError(f"the tokenizer must have a piece for each of {sorted(alphabet)}, got none for {missing}")


class ConstrainedWriting:
    """A `LogitsProcessor` for `generate`: only pieces that a grammar can go on with keep their scores.

    Args:
        grammar: The texts that may be written.
        tree: Pieces of the tokenizer, for the alphabet of this grammar.
        end_token: Written once a text is over.
        temperature: 0 for the likeliest piece; above, pieces are sampled.
        generators: Of each row of the batch, where pieces are sampled.
        kept: Pieces allowed in states met before; give the same dict to go on with it.
    """

    def __init__(
        self,
        grammar: Grammar,
        tree: TokenTree,
        end_token: int,
        *,
        temperature: float = 0.0,
        generators: Sequence[torch.Generator] = (),
        kept: dict[Hashable, list[int]] | None = None,
    ) -> None:
        self._grammar, self._tree, self._end_token = grammar, tree, end_token
        self._temperature, self._generators = temperature, generators
        self._kept: dict[Hashable, list[int]] = {} if kept is None else kept
        self._states: list[Any] | None = None

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (N, V) after tokens (N, L), minus infinity for pieces that may not come."""
        if self._states is None:
            self._states = [self._grammar.first()] * len(input_ids)
        else:
            self._states = [
                self._after(state, int(token)) for state, token in zip(self._states, input_ids[:, -1], strict=True)
            ]
        constrained = torch.full_like(scores, -torch.inf)
        for row, state in enumerate(self._states):
            allowed = torch.tensor(self._allowed(state), device=scores.device)
            constrained[row, allowed] = self._noisy(scores[row, allowed], row)
        return constrained

    def _after(self, state: Any, token: int) -> Any:
        """The state after a piece; None once the text is over."""
        if state is None or token == self._end_token:
            return None
        for character in self._tree.texts[token]:
            state = self._grammar.follow(state, character)
        return state

    def _allowed(self, state: Any) -> list[int]:
        if state is None:
            return [self._end_token]
        if state not in self._kept:
            ends = [self._end_token] if self._grammar.may_end(state) else []
            self._kept[state] = [*ends, *self._reached(self._tree.root, state)]
        return self._kept[state]

    def _reached(self, node: dict[str, Any], state: Any) -> list[int]:
        """Pieces below a node of the tree that the grammar can go on with."""
        tokens = list(node.get("", ()))
        for character, below in node.items():
            if character and (after := self._grammar.follow(state, character)) is not None:
                tokens += self._reached(below, after)
        return tokens

    def _noisy(self, scores: Tensor, row: int) -> Tensor:
        if not self._temperature:
            return scores
        chance = torch.rand(len(scores), generator=self._generators[row]).clamp(1e-9, 1 - 1e-7)
        gumbel = -torch.log(-torch.log(chance))
        return scores.float() / self._temperature + gumbel.to(scores.device)


def _pieces(tokenizer: Any, alphabet: frozenset[str]) -> list[tuple[int, str]]:
    """Tokens and their texts, those alone that are made of the alphabet.

    Pieces are decoded behind a bracket: some tokenizers drop a space at the beginning of a text.
    """
    special = set(tokenizer.all_special_ids)
    tokens = [token for token in range(len(tokenizer)) if token not in special]
    anchor = tokenizer.encode("[", add_special_tokens=False)
    before = tokenizer.decode(anchor, clean_up_tokenization_spaces=False)
    texts = tokenizer.batch_decode([[*anchor, token] for token in tokens], clean_up_tokenization_spaces=False)
    pieces = [(token, text[len(before) :]) for token, text in zip(tokens, texts, strict=True)]
    return [(token, text) for token, text in pieces if text and set(text) <= alphabet]
