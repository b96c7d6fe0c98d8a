"""Any OpenAI-compatible endpoint as a `Writer`: a server of one's own or one that is paid for.

Whatever comes back, or does not, is a `Reply`: nothing is raised while a world runs. Cost and latency of each answer
go to a file of JSON lines; the key is read from the environment and written nowhere.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from wm_gym.agents.vlm.grammar import Grammar
from wm_gym.agents.vlm.prompting import Prompt, endpoint_messages
from wm_gym.agents.vlm.replies import Reply
from wm_gym.files.atomic import check_writable

_MOST_TOLD = 300


@dataclass(frozen=True)
class EndpointConfig:
    """Which endpoint, and how it is asked.

    Attributes:
        base_url: Its address, such as "http://localhost:8000/v1".
        model: Name of its model.
        api_key_env: Environment variable that holds the key; servers of one's own need none.
        timeout_seconds: An answer that takes longer is none.
        retries: How often a failed request is sent again.
        max_tokens: Of an answer.
        temperature: As the endpoint takes it.
        dollars_per_million_in: Price of a million tokens of a prompt.
        dollars_per_million_out: Price of a million tokens of an answer.
        log: File of JSON lines to which each answer is added; empty for none.
        at_once: Most requests at once.
    """

    base_url: str
    model: str
    api_key_env: str = "OPENAI_API_KEY"
    timeout_seconds: float = 30.0
    retries: int = 1
    max_tokens: int = 400
    temperature: float = 0.0
    dollars_per_million_in: float = 0.0
    dollars_per_million_out: float = 0.0
    log: str = ""
    at_once: int = 8

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"endpoint must begin with http:// or https://, got {self.base_url!r}")
        if not self.model:
            raise ValueError("model must be the name of the endpoint's model, got ''")
        if not self.timeout_seconds > 0:
            raise ValueError(f"timeout_seconds must be positive, got {self.timeout_seconds}")
        for name, least in (("retries", 0), ("max_tokens", 1), ("at_once", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")


class Endpoint:
    """Writes answers by asking an endpoint.

    Args:
        config: Which, and how.

    Raises:
        ImportError: If the openai library is not installed.
        ValueError: If the log cannot be written.
    """

    def __init__(self, config: EndpointConfig) -> None:
        try:
            from openai import OpenAI
        except ImportError as error:
            raise ImportError("endpoints need the openai library: pip install 'wm-gym[vlm]'") from error
        self.config = config
        if config.log:
            check_writable(config.log, name="log")
            Path(config.log).parent.mkdir(parents=True, exist_ok=True)
        self._client = OpenAI(
            base_url=config.base_url,
            api_key=os.environ.get(config.api_key_env) or "none",
            timeout=config.timeout_seconds,
            max_retries=config.retries,
        )

    def write(
        self, prompts: Sequence[Prompt], grammar: Grammar, generators: Sequence[torch.Generator] = ()
    ) -> list[Reply]:
        """N answers, asked for at once. The prompt's rules stand for the grammar; the endpoint's chance is its own."""
        return self.ask(prompts)

    def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        """N answers in free text, asked for at once; none of them raises."""
        with ThreadPoolExecutor(min(self.config.at_once, len(prompts))) as pool:
            answers = list(pool.map(self._ask, prompts))
        for reply, usage in answers:
            self._note(reply, usage)
        return [reply for reply, _ in answers]

    def _ask(self, prompt: Prompt) -> tuple[Reply, dict[str, int]]:
        began = time.perf_counter()
        try:
            text, usage = self._complete(prompt)
        # an endpoint can fail in any way there is, and none of them is worth a rollout
        except Exception as error:
            told = f"{type(error).__name__}: {error}"[:_MOST_TOLD]
            return Reply("", time.perf_counter() - began, _problem(error), told), {}
        return Reply(text, time.perf_counter() - began), usage

    def _complete(self, prompt: Prompt) -> tuple[str, dict[str, int]]:
        config = self.config
        messages: Any = endpoint_messages(prompt)
        answer = self._client.chat.completions.create(
            model=config.model, messages=messages, max_tokens=config.max_tokens, temperature=config.temperature
        )
        usage = answer.usage
        tokens = {} if usage is None else {"in": usage.prompt_tokens, "out": usage.completion_tokens}
        return answer.choices[0].message.content or "", tokens

    def _note(self, reply: Reply, usage: dict[str, int]) -> None:
        if not self.config.log:
            return
        tokens_in, tokens_out = usage.get("in", 0), usage.get("out", 0)
        dollars = tokens_in * self.config.dollars_per_million_in + tokens_out * self.config.dollars_per_million_out
        row = {
            "model": self.config.model, "seconds": round(reply.seconds, 4), "tokens_in": tokens_in,
            "tokens_out": tokens_out, "dollars": dollars / 1e6, "problem": reply.problem, "told": reply.told,
            "text": reply.text,
        }  # fmt: skip
        with Path(self.config.log).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _problem(error: Exception) -> str:
    from openai import APITimeoutError

    return "slow" if isinstance(error, APITimeoutError) else "error"
