"""Pairs as a model's inputs, with the answers beside them as labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from wm_gym.agents.vlm.chunk import write_chunk
from wm_gym.agents.vlm.data import Pair
from wm_gym.agents.vlm.prompting import Prompt, local_messages
from wm_gym.last_used import LastUsed

IGNORED = -100
"""Label of tokens that are given, not learned."""

_KEPT_BYTES = 2**29


@dataclass(frozen=True)
class TokenBatch:
    """N answered prompts.

    Attributes:
        inputs: As the model's `forward` takes them, filled up on the right.
        labels: (N, L) tokens of the answers; `IGNORED` elsewhere.
    """

    inputs: dict[str, Tensor]
    labels: Tensor

    def to(self, device: torch.device) -> TokenBatch:
        """The batch on a device."""
        return TokenBatch({name: one.to(device) for name, one in self.inputs.items()}, self.labels.to(device))


class Batches:
    """Makes batches; frames that were seen before are not prepared again.

    Args:
        processor: A `PictureProcessor`.
        rules: The system text.
    """

    def __init__(self, processor: Any, rules: str) -> None:
        self._processor, self._rules = processor, rules
        self._pictures: LastUsed[tuple[int, int, bool], tuple[Tensor, Tensor]] | None = None

    def batch(self, pairs: Sequence[Pair]) -> TokenBatch:
        """N pairs as inputs and labels."""
        pictures = [self._picture(pair) for pair in pairs]
        rows = [self._tokens(pair, grid) for pair, (_, grid) in zip(pairs, pictures, strict=True)]
        tokenizer, longest = self._processor.tokenizer, max(len(asked) + len(answer) for asked, answer in rows)
        tokens = torch.full((len(rows), longest), tokenizer.pad_token_id)
        labels, mask = torch.full_like(tokens, IGNORED), torch.zeros_like(tokens)
        for row, (asked, answer) in enumerate(rows):
            end = len(asked) + len(answer)
            tokens[row, :end], mask[row, :end] = torch.tensor([*asked, *answer]), 1
            labels[row, len(asked) : end] = torch.tensor(answer)
        inputs = {
            "input_ids": tokens,
            "attention_mask": mask,
            "mm_token_type_ids": (tokens == self._processor.image_token_id).long(),
            "pixel_values": torch.cat([patches for patches, _ in pictures]),
            "image_grid_thw": torch.cat([grid for _, grid in pictures]),
        }
        return TokenBatch(inputs, labels)

    def _picture(self, pair: Pair) -> tuple[Tensor, Tensor]:
        if self._pictures is None:
            self._pictures = LastUsed(max(1, _KEPT_BYTES // self._prepared(pair)[0].nbytes))
        return self._pictures.get(pair.key, lambda: self._prepared(pair))

    def _prepared(self, pair: Pair) -> tuple[Tensor, Tensor]:
        made = self._processor.image_processor(images=[Image.fromarray(pair.frame)], return_tensors="pt")
        return made["pixel_values"], made["image_grid_thw"]

    def _tokens(self, pair: Pair, grid: Tensor) -> tuple[list[int], list[int]]:
        """Tokens of the prompt and of its answer, apart: pairs of characters must not merge across the two."""
        prompt = Prompt(self._rules, pair.instruction, pair.frame, history=pair.history)
        text = self._processor.apply_chat_template(local_messages(prompt), add_generation_prompt=True, tokenize=False)
        token = self._processor.image_token
        visual = int(grid.prod()) // self._processor.image_processor.merge_size**2
        tokenizer = self._processor.tokenizer
        asked = tokenizer.encode(text.replace(token, token * visual), add_special_tokens=False)
        answer = tokenizer.encode(write_chunk(pair.chunk), add_special_tokens=False)
        return asked, [*answer, tokenizer.eos_token_id]
