"""`VLMReward`: a vision-language model is asked after each step whether the task is done.

Source: World-Env's reflector, which gives reward and termination, and WorldGym's vote of a model over frames.
"""

from __future__ import annotations

from typing import Any

from wm_gym.agents.vlm.grammar import ChoiceGrammar
from wm_gym.agents.vlm.prompting import Prompt
from wm_gym.agents.vlm.replies import Writer
from wm_gym.agents.vlm.writers import make_writer
from wm_gym.envs.rewards import Seen, Verdict

_SYSTEM = "You see what an agent sees after its last step. Is its task done? Answer with one word, yes or no."
_ANSWERS = ChoiceGrammar(("yes", "no"))


class VLMReward:
    """Yes is success and earns a reward, all else earns none; an answer that does not come is a no.

    Args:
        model: As `VLMAgent`'s.
        endpoint: As `VLMAgent`'s.
        success_reward: Earned by a yes.
        writer: What answers, in place of `model` and `endpoint`.
        settings: As `VLMAgent`'s.
    """

    def __init__(
        self,
        model: str = "",
        endpoint: str = "",
        success_reward: float = 1.0,
        writer: Writer | None = None,
        **settings: Any,
    ) -> None:
        self._writer, self._success_reward = writer or make_writer(model, endpoint, settings), success_reward

    def __call__(self, seen: Seen) -> Verdict:
        """Ask about one step."""
        told = "The agent bumped into something." if seen.collided else ""
        [reply] = self._writer.write([Prompt(_SYSTEM, seen.description, seen.frame, told)], _ANSWERS)
        is_done = reply.text.strip().lower().rstrip(".").startswith("yes")
        return Verdict(self._success_reward if is_done else 0.0, is_done)
