"""What a model is asked: the rules of the keys, the task, what happened lately, and the picture.

The same messages go to local models and to endpoints. Small models read only the task (`tiny.CHAT_TEMPLATE`).
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from wm_gym.agents.vlm.chunk import ChunkLanguage
from wm_gym.envs.tasks.point_goal import PointGoal
from wm_gym.envs.vector_env import WorldVectorEnv

KEPT_ANSWERS, REPLAN_AFTER = 4, 4
"""Earlier answers that a model is told of, and steps of a chunk after which a collision ends it, by default."""

IN_THE_WAY = "in your way"
"""In the feedback of a step at which something stopped the body."""

_SYSTEM = """You steer a body through a world that you see through its eyes. Answer with the keys to press next, as
a JSON list such as [{{"keys":"W","steps":4}},{{"keys":"{example}","steps":2}}]: each part holds its keys down for that
many steps.
W walks forward, S back, A to the left, D to the right; J turns left, L turns right, I looks up, K looks down; no keys
stand still. One step walks {walk:.2g} metres or turns {turn:.2g} degrees.
{chords} At most {parts} parts, and at most {steps} steps in all, which is {seconds:.2g} seconds; you are asked again
then, or earlier when you walk into something.
Answer with the list alone."""


@dataclass(frozen=True, eq=False)
class Prompt:
    """One question to a model.

    Attributes:
        system: Its role and how to answer.
        task: What is to be done.
        frame: (H, W, 3) uint8, what is seen.
        feedback: What the last step did, or empty.
        history: Earlier answers and what came of each, the oldest first.
        question: The last words, or empty.
    """

    system: str
    task: str
    frame: np.ndarray
    feedback: str = ""
    history: tuple[tuple[str, str], ...] = ()
    question: str = ""

    def texts(self) -> list[str]:
        """The user's words behind the picture; the first of them is the task alone."""
        past = past_texts(self.history)
        before = ["Before: " + "\n".join(past)] if past else []
        now = [f"Now: {self.feedback}"] if self.feedback else []
        return [self.task, *before, *now, *([self.question] if self.question else [])]


def is_to_replan(feedback: str, steps: int, after: int) -> bool:
    """Whether a chunk of which so many steps were taken ends because something stopped the body.

    Args:
        feedback: What the last step did.
        steps: Steps taken of the chunk.
        after: Fewest of them; 0 for never.
    """
    return 0 < after <= steps and IN_THE_WAY in feedback


def past_texts(history: Sequence[tuple[str, str]]) -> list[str]:
    """A line for each earlier answer, with what came of it."""
    return [f"You answered {answer}. {outcome}" for answer, outcome in history]


def rules(language: ChunkLanguage, *, step_seconds: float, walk_metres: float, turn_degrees: float) -> str:
    """The role of an action agent, and how it answers.

    Args:
        language: Which chunks are legal.
        step_seconds: How long a step takes.
        walk_metres: How far one step walks.
        turn_degrees: How far one step turns.
    """
    return _SYSTEM.format(
        example="WJ" if language.chords else "J",
        walk=walk_metres,
        turn=turn_degrees,
        chords="Keys that do not cancel each other can be held together." if language.chords else "One key at a time.",
        parts=language.most_parts,
        steps=language.most_steps,
        seconds=language.most_steps * step_seconds,
    )


def rules_in(env: WorldVectorEnv, language: ChunkLanguage) -> str:
    """The same, with the speeds of an environment's body."""
    body, frames = env.core.world.config.body, env.metadata["frames_per_step"]
    return rules(
        language,
        step_seconds=1 / env.metadata["render_fps"],
        walk_metres=frames * body.walk_metres_per_frame,
        turn_degrees=frames * body.turn_degrees_per_frame,
    )


def task_text(instruction: str, goal: np.ndarray | None = None) -> str:
    """What is to be done, with the goal as words where the observation has one.

    Args:
        instruction: In a sentence.
        goal: (2,) metres ahead of the body and to its left, or None.
    """
    if goal is None:
        return instruction
    ahead, left = float(goal[0]), float(goal[1])
    bearing = 5 * round(float(np.degrees(np.arctan2(left, ahead))) / 5)
    side = "straight ahead" if bearing == 0 else f"{abs(bearing)} degrees to the {'left' if bearing > 0 else 'right'}"
    return f"{instruction} The goal is {np.hypot(ahead, left):.1f} metres away, {side}."


def goal_text(distance_metres: float, turn_radians: float) -> str:
    """What is to be done where a spot of `PointGoal` lies so far away, in a direction to the left."""
    goal = distance_metres * np.array([np.cos(turn_radians), np.sin(turn_radians)])
    return task_text(PointGoal.description, goal)


def local_messages(prompt: Prompt) -> list[dict[str, Any]]:
    """Messages for a chat template of the transformers library; the picture is given beside them."""
    words = [{"type": "text", "text": text} for text in prompt.texts()]
    return [
        {"role": "system", "content": [{"type": "text", "text": prompt.system}]},
        {"role": "user", "content": [{"type": "image"}, *words]},
    ]


def endpoint_messages(prompt: Prompt) -> list[dict[str, Any]]:
    """Messages for an OpenAI-compatible endpoint, the picture as a PNG in a data URL."""
    picture = {"type": "image_url", "image_url": {"url": data_url(prompt.frame)}}
    words = [{"type": "text", "text": text} for text in prompt.texts()]
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": [picture, *words]}]


def data_url(frame: np.ndarray) -> str:
    """A frame (H, W, 3) uint8 as the data URL of a PNG."""
    packed = io.BytesIO()
    Image.fromarray(frame).save(packed, "png")
    return "data:image/png;base64," + base64.b64encode(packed.getvalue()).decode("ascii")


def feedback_of(info: Mapping[str, Any], world: int) -> str:
    """What the last step did in a world, by the info of a vector environment; empty where it says nothing."""
    texts = info.get("env_feedback")
    return "" if texts is None or texts[world] is None else str(texts[world])
