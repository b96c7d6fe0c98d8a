"""`Director`: a model that watches worlds and writes what happens next, for `trigger_event`.

A local model picks one of a few events; an endpoint writes any sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from wm_gym.agents.vlm.grammar import ChoiceGrammar
from wm_gym.agents.vlm.prompting import Prompt, feedback_of
from wm_gym.agents.vlm.replies import Writer
from wm_gym.agents.vlm.writers import make_writer

NOTHING = "nothing"
EVENTS = (
    "it starts to snow", "it stops snowing", "it starts to rain", "it stops raining", "night falls", "the sun rises",
    "fog rolls in", "the fog lifts", "a bonfire is lit", "fireworks go off", "someone walks by",
)  # fmt: skip
_MOST_CHARACTERS = 120

_SYSTEM = """You direct a world that you see through the eyes of someone who walks in it. Write the one thing that \
happens next as a short plain sentence, such as {examples}; or write "{nothing}" to let the world be.
Answer with that sentence alone."""


class Director:
    """Suggests events.

    Args:
        model: As `VLMAgent`'s.
        endpoint: As `VLMAgent`'s.
        plot: What the events are to make of the worlds.
        events: What a local model chooses from, beside nothing.
        writer: What answers, in place of `model` and `endpoint`.
        settings: As `VLMAgent`'s.
    """

    def __init__(
        self,
        *,
        model: str = "",
        endpoint: str = "",
        plot: str = "Make the walk eventful.",
        events: Sequence[str] = EVENTS,
        writer: Writer | None = None,
        **settings: Any,
    ) -> None:
        self._grammar = ChoiceGrammar((NOTHING, *events))
        examples = ", ".join(f'"{event}"' for event in events[:3])
        self._rules, self._plot = _SYSTEM.format(examples=examples, nothing=NOTHING), plot
        self._writer = writer or make_writer(model, endpoint, settings)
        self._generator = torch.Generator()

    def reset(self, seed: int) -> None:
        """Begin anew; a sampling model's chance comes from the seed."""
        self._generator.manual_seed(seed)

    def suggest(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> list[str | None]:
        """For each of N worlds the text of an event, or None where nothing is to happen or no answer came."""
        frames = observation["rgb"]
        prompts = [Prompt(self._rules, self._plot, frame, self._now(info, n)) for n, frame in enumerate(frames)]
        replies = self._writer.write(prompts, self._grammar, [self._generator] * len(prompts))
        return [_event(reply.text) for reply in replies]

    def _now(self, info: Mapping[str, Any], world: int) -> str:
        texts = info.get("prompt")
        scene = "" if texts is None or texts[world] is None else f"{texts[world]} "
        return scene + feedback_of(info, world)


def _event(text: str) -> str | None:
    """The first line of an answer, where it is a sentence that can be an event."""
    line = text.strip().splitlines()[0].strip(" \"'") if text.strip() else ""
    is_event = 0 < len(line) <= _MOST_CHARACTERS and line.rstrip(".").lower() != NOTHING
    return line if is_event else None
