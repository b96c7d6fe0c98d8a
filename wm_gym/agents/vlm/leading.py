"""Who walks while a film is made: the experts in turns, or a model whose own mistakes experts then put right.

The second is DAgger: a model that learned from experts alone never saw how one gets away from a wall that it should not
have walked to. Source: Ross et al. 2011, "A Reduction of Imitation Learning and Structured Prediction to No-Regret
Online Learning".
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import torch

from wm_gym.agents.vlm.chunk import Chunk, ChunkLanguage, expand, list_in, write_chunk
from wm_gym.agents.vlm.experts import Sight
from wm_gym.agents.vlm.grammar import ChunkGrammar
from wm_gym.agents.vlm.instructions import FAMILIES, draw_text, family_of_thing
from wm_gym.agents.vlm.prompting import KEPT_ANSWERS, REPLAN_AFTER, Prompt, goal_text, is_to_replan
from wm_gym.agents.vlm.replies import Writer

_LEADERS = {"explore": 3.0, "turn_left": 0.5, "turn_right": 0.5, "forward": 0.5, "backwards": 0.3, "step_left": 0.2}
_LEADING_THING, _LEADING_STEPS, _WHOLE_SHARE = 4.0, (2, 9), 0.3
_TASKS = {"explore": 0.4, "thing": 0.4, "goal": 0.2}
_ANSWERS_OF_A_TASK = 5  # on average, before a model is told something else


@dataclass
class Walk:
    """One body's way through a place.

    Attributes:
        rng: Its chance.
        language: Of its chunks.
        past: Earlier chunks, and the feedback at the end of each.
        taken: Keys (8,) of each step since.
        waiting: Keys (8,) of the steps to come.
        task: What a model is told: a name of `_TASKS`, and the thing or spot of it; empty for nothing yet.
        spot: x, y in metres of a goal.
    """

    rng: np.random.Generator
    language: ChunkLanguage
    past: deque[tuple[Chunk, str]] = field(default_factory=lambda: deque(maxlen=KEPT_ANSWERS))
    taken: list[np.ndarray] = field(default_factory=list)
    waiting: list[np.ndarray] = field(default_factory=list)
    task: str = ""
    spot: tuple[float, float] = (0.0, 0.0)

    def so_far(self, feedback: str) -> list[tuple[Chunk, str]]:
        """Chunks and feedback until now; one that is going on counts as far as it was walked."""
        walked = [(self.language.chunk_of(np.array(self.taken, np.bool_)), feedback)] if self.taken else []
        return [*self.past, *walked][-KEPT_ANSWERS:]

    def is_asking(self, feedback: str) -> bool:
        """Whether a chunk must begin."""
        return not self.waiting or is_to_replan(feedback, len(self.taken), REPLAN_AFTER)

    def begin(self, keys: np.ndarray, feedback: str) -> None:
        """A chunk (S, 8) begins."""
        self.past, self.taken = deque(self.so_far(feedback), KEPT_ANSWERS), []
        self.waiting = list(keys)

    def step(self) -> np.ndarray:
        """Keys (8,) of the next step."""
        self.taken.append(self.waiting.pop(0))
        return self.taken[-1]


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a walk is that must go on.

    Attributes:
        walk: Which.
        sight: What is known there.
        frame: (H, W, 3) uint8, what is seen.
        feedback: What the last step did.
    """

    walk: Walk
    sight: Sight
    frame: np.ndarray
    feedback: str


class Leader(Protocol):
    """Says how walks go on."""

    def lead(self, standing: Sequence[Standing]) -> list[np.ndarray]:
        """Keys (S, 8) of the next steps of each of N walks."""
        ...


class ExpertLeader:
    """One expert after another, most of them broken off by chance."""

    def lead(self, standing: Sequence[Standing]) -> list[np.ndarray]:
        """Keys (S, 8) of the next steps of each of N walks."""
        return [self._keys(one.sight, one.walk.rng) for one in standing]

    def _keys(self, sight: Sight, rng: np.random.Generator) -> np.ndarray:
        shares = _LEADERS | {thing: _LEADING_THING / len(sight.things) for thing in sight.things}
        weights = np.array(list(shares.values()))
        while True:
            name = list(shares)[int(rng.choice(len(shares), p=weights / weights.sum()))]
            expert = FAMILIES[name].expert if name in FAMILIES else family_of_thing(name).expert
            keys = expert(sight)
            if keys is not None and len(keys):
                return keys if rng.random() < _WHOLE_SHARE else keys[: int(rng.integers(*_LEADING_STEPS))]


class ModelLeader:
    """A model that is told to explore, to go to things or to goals; every now and then an expert goes on.

    Args:
        writer: The model.
        rules: The system text.
        language: Of its chunks.
        expert_share: Share of chunks that experts choose.
    """

    def __init__(self, writer: Writer, rules: str, language: ChunkLanguage, expert_share: float = 0.15) -> None:
        self._writer, self._rules, self._language = writer, rules, language
        self._expert_share, self._experts = expert_share, ExpertLeader()

    def lead(self, standing: Sequence[Standing]) -> list[np.ndarray]:
        """Keys (S, 8) of the next steps of each of N walks."""
        by_model = [one.walk.rng.random() >= self._expert_share for one in standing]
        asked = [one for one, is_asked in zip(standing, by_model, strict=True) if is_asked]
        answers = iter(self._answers(asked) if asked else [])
        return [
            next(answers) if is_asked else self._experts.lead([one])[0]
            for one, is_asked in zip(standing, by_model, strict=True)
        ]

    def _answers(self, standing: Sequence[Standing]) -> list[np.ndarray]:
        prompts = [self._prompt(one) for one in standing]
        generators = [torch.Generator().manual_seed(int(one.walk.rng.integers(2**31))) for one in standing]
        replies = self._writer.write(prompts, ChunkGrammar(self._language), generators)
        return [expand(self._language.parse(list_in(reply.text))) for reply in replies]

    def _prompt(self, one: Standing) -> Prompt:
        history = tuple((write_chunk(chunk), outcome) for chunk, outcome in one.walk.so_far(one.feedback))
        return Prompt(self._rules, self._told(one.walk, one.sight), one.frame, one.feedback, history)

    def _told(self, walk: Walk, sight: Sight) -> str:
        """What a walk's model is told, the same for some answers."""
        if not walk.task or walk.rng.random() < 1 / _ANSWERS_OF_A_TASK:
            walk.task = str(walk.rng.choice(list(_TASKS), p=list(_TASKS.values())))
            if walk.task == "thing":
                walk.task = str(walk.rng.choice(list(sight.things))) if sight.things else "explore"
            walk.spot = sight.at(walk.rng.uniform(1.0, 9.0), walk.rng.uniform(-np.pi, np.pi))
        if walk.task == "goal":
            return goal_text(*sight.from_here(walk.spot))
        family = FAMILIES["explore"] if walk.task == "explore" else family_of_thing(walk.task)
        return draw_text(family, walk.rng)


def written(past: Sequence[tuple[Chunk, str]]) -> str:
    """Chunks and what came of them, as a film keeps them."""
    return json.dumps([(write_chunk(chunk), outcome) for chunk, outcome in past])


def with_past(sight: Sight, walk: Walk, feedback: str) -> Sight:
    """A sight that knows the walk so far."""
    return replace(sight, past=tuple(chunk for chunk, _ in walk.so_far(feedback)))
