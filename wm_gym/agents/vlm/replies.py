"""What a model was asked and what it answered; `Writer` is the face of local models and endpoints alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from wm_gym.agents.vlm.grammar import Grammar
from wm_gym.agents.vlm.prompting import Prompt


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        text: What was written; empty where nothing came.
        seconds: Until it was there.
        problem: Why nothing came, such as "slow" or "error"; empty otherwise.
        told: What was wrong, in words.
    """

    text: str
    seconds: float = 0.0
    problem: str = ""
    told: str = ""


class Writer(Protocol):
    """Answers prompts."""

    def write(
        self, prompts: Sequence[Prompt], grammar: Grammar, generators: Sequence[torch.Generator] = ()
    ) -> list[Reply]:
        """N answers, in order; none of them raises.

        Args:
            prompts: N.
            grammar: What may be written; only local models can be held to it.
            generators: N sources of chance, where answers are sampled.
        """
        ...
