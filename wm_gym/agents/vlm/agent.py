"""`VLMAgent`: sees a frame, is told a task, and writes the keys of the next ten seconds.

A local model's answers are held to the language of chunks; an endpoint's may be empty, broken, illegal or late, and
then the agent stands still for a moment (or repeats what it did), counts it, and asks again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch

from wm_gym.agents.agent import Agent
from wm_gym.agents.vlm.chunk import CHUNK_SECONDS, Chunk, ChunkLanguage, Part, action_of, expand, list_in, write_chunk
from wm_gym.agents.vlm.grammar import ChunkGrammar
from wm_gym.agents.vlm.prompting import (
    KEPT_ANSWERS,
    REPLAN_AFTER,
    Prompt,
    feedback_of,
    is_to_replan,
    rules_in,
    task_text,
)
from wm_gym.agents.vlm.replies import Reply, Writer
from wm_gym.agents.vlm.writers import make_writer
from wm_gym.choices import check_choice
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.geometry.motion import KEYS

FALLBACKS = ("stand", "repeat")
_KEPT_NOTES = 1000
_GOALS_WITH_SPOTS = ((2,), (4,))


@dataclass
class _Thread:
    """What the agent keeps of one world's episode.

    Attributes:
        generator: Its chance.
        task: What is to be done, as last told.
        chunk: Last legal answer.
        waiting: (8,) bool of each step that is still to be taken.
        taken: Steps taken since it was asked.
        history: Earlier answers, and what came of each.
    """

    generator: torch.Generator
    task: str = ""
    chunk: Chunk = ()
    waiting: deque[np.ndarray] = field(default_factory=deque)
    taken: int = 0
    history: deque[tuple[str, str]] = field(default_factory=deque)


class VLMAgent(Agent):
    """Acts by the answers of a vision-language model.

    Args:
        env: With `return_text=True`, rgb among its observations, and action mode "keys" or "discrete".
        model: Folder or hub id of a Qwen3-VL; empty for the tiny one that ships. Of an endpoint, the name of its model.
        endpoint: Address of an OpenAI-compatible endpoint, such as "http://localhost:8000/v1"; empty for a local model.
        instruction: What is to be done; empty for the environment's own task.
        seconds: How far a chunk reaches.
        replan_after: A collision makes it ask anew once a chunk is this many steps old; 0: only when it is used up.
        history: How many earlier answers it is told of.
        fallback: What it does where no legal answer came: "stand" or "repeat" the last one.
        fallback_steps: For how many steps it stands then.
        writer: What answers, in place of `model` and `endpoint`.
        settings: Further fields of `local.LocalConfig` or `endpoint.EndpointConfig`.

    Raises:
        ValueError: If a setting is none that exists, or the environment does not fit.
        ImportError: If a library is missing.

    Attributes:
        stats: Counts of "asked", "legal" and each problem: "empty", "illegal", "slow", "error".
        waited_seconds: For answers, in all.
        log: What was last asked and answered.
    """

    obs_mode: ClassVar[str] = "rgb"
    action_mode: ClassVar[str] = "keys"

    def __init__(
        self,
        env: WorldVectorEnv,
        *,
        model: str = "",
        endpoint: str = "",
        instruction: str = "",
        seconds: float = CHUNK_SECONDS,
        replan_after: int = REPLAN_AFTER,
        history: int = KEPT_ANSWERS,
        fallback: str = "stand",
        fallback_steps: int = 4,
        writer: Writer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(env)
        _check(env, fallback, fallback_steps)
        self._mode, self._instruction = env.core.config.action_mode, instruction
        self._language = ChunkLanguage.of(env.metadata["render_fps"], self._mode, seconds)
        self._grammar, self._rules = ChunkGrammar(self._language), rules_in(env, self._language)
        self._replan_after, self._history = replan_after, history
        self._fallback, self._fallback_steps = fallback, fallback_steps
        self._writer = writer or make_writer(model, endpoint, settings)
        self._threads = [self._begun(n) for n in range(env.num_envs)]
        self.stats: Counter[str] = Counter()
        self.waited_seconds = 0.0
        self.log: deque[dict[str, Any]] = deque(maxlen=_KEPT_NOTES)

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Episodes begin: nothing is known of them."""
        for world, seed in zip(worlds, seeds, strict=True):
            self._threads[world] = self._begun(seed)

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """N actions; the worlds whose chunk is over, or which have bumped into something, are asked about together."""
        for world, thread in enumerate(self._threads):
            thread.task = self._task(thread, observation, info, world)
        asked = [n for n in range(len(self._threads)) if self._must_ask(n, feedback_of(info, n))]
        if asked:
            prompts = [self._prompt(n, observation, info) for n in asked]
            generators = [self._threads[n].generator for n in asked]
            for n, reply in zip(asked, self._writer.write(prompts, self._grammar, generators), strict=True):
                self._take(n, reply)
        return np.array([self._next(thread, _mask_of(info, n)) for n, thread in enumerate(self._threads)])

    def _begun(self, seed: int) -> _Thread:
        return _Thread(torch.Generator().manual_seed(seed), history=deque(maxlen=self._history))

    def _must_ask(self, world: int, feedback: str) -> bool:
        thread = self._threads[world]
        is_over = not thread.waiting
        bumped = is_to_replan(feedback, thread.taken, self._replan_after)
        if (is_over or bumped) and thread.taken:
            thread.history.append((write_chunk(thread.chunk), feedback))
        return is_over or bumped

    def _task(self, thread: _Thread, observation: Mapping[str, np.ndarray], info: Mapping[str, Any], world: int) -> str:
        told = self._instruction or (info.get("task_description", {})[world] if "task_description" in info else None)
        goal = observation["goal"][world] if "goal" in observation else np.empty(0)
        # one-hot goals and pictures are told by the task itself; the rest begin with a spot ahead and to the left
        spot = goal[:2] if goal.shape in _GOALS_WITH_SPOTS else None
        return thread.task if told is None else task_text(str(told), spot)

    def _prompt(self, world: int, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> Prompt:
        thread = self._threads[world]
        history = tuple(thread.history)
        return Prompt(self._rules, thread.task, observation["rgb"][world], feedback_of(info, world), history)

    def _take(self, world: int, reply: Reply) -> None:
        """Go by an answer, or by the fallback where it is none."""
        thread = self._threads[world]
        chunk, problem, told = self._read(reply)
        self.stats.update({"asked": 1, problem or "legal": 1})
        self.waited_seconds += reply.seconds
        note = {"world": world, "task": thread.task, "reply": reply.text, "problem": problem, "told": told}
        self.log.append(note | {"seconds": reply.seconds})
        if chunk is not None:
            thread.chunk = chunk
        elif self._fallback == "stand" or not thread.chunk:
            thread.chunk = (Part("", self._fallback_steps),)
        thread.waiting, thread.taken = deque(expand(thread.chunk)), 0

    def _read(self, reply: Reply) -> tuple[Chunk | None, str, str]:
        """The chunk of an answer, or None with the name of the problem and what it is."""
        if reply.problem:
            return None, reply.problem, reply.told
        if not reply.text.strip():
            return None, "empty", "the answer is empty"
        try:
            return self._language.parse(list_in(reply.text)), "", ""
        except ValueError as error:
            return None, "illegal", str(error)

    def _next(self, thread: _Thread, mask: np.ndarray) -> Any:
        thread.taken += 1
        return action_of(thread.waiting.popleft(), mask, self._mode)


def _mask_of(info: Mapping[str, Any], world: int) -> np.ndarray:
    """The action mask of a world; ones where the info, of a reset of other worlds, says nothing of it."""
    told = "action_mask" in info and info.get("_action_mask", np.ones(world + 1))[world]
    return info["action_mask"][world] if told else np.ones(1 + len(KEYS), np.int8)


def _check(env: WorldVectorEnv, fallback: str, fallback_steps: int) -> None:
    check_choice("fallback", fallback, list(FALLBACKS))
    if fallback_steps < 1:
        raise ValueError(f"fallback_steps must be at least 1, got {fallback_steps}")
    if "rgb" not in env.single_observation_space.spaces:  # pyright: ignore[reportAttributeAccessIssue]
        raise ValueError(f"env must have rgb among its observations, got obs_mode {env.core.config.obs_mode!r}")
    if not env.core.config.return_text:
        raise ValueError("env must be made with return_text=True, got False")
