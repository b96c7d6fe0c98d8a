"""`LearnedReward`: a head trained on steps of the twin says what a step is worth and when the aim is reached."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from wm_gym.agents.rewards.network import HeadConfig, RewardHead
from wm_gym.envs.rewards import Seen, Verdict
from wm_gym.networks.weights_file import load_module, read_weights, save_module

FORMAT = "wm_gym.reward"


class LearnedReward:
    """A trained head as a source of rewards.

    Args:
        path: Of its weights, as `wm-gym train-agent agent=reward` writes them.
        threshold: Probability of success from which on an episode ends, 0..1.

    Raises:
        ValueError: If the file cannot be read, or the threshold is not within 0..1.
    """

    def __init__(self, path: str, threshold: float = 0.5) -> None:
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"threshold must be within 0..1, got {threshold}")
        self.head, self.task = load_head(Path(path))
        self._threshold = threshold

    def __call__(self, seen: Seen) -> Verdict:
        """The head's reward, and its success.

        Raises:
            ValueError: If frames or goal are of another size than those the head was trained on.
        """
        config, goal = self.head.config, torch.zeros(0) if seen.goal is None else torch.from_numpy(seen.goal).flatten()
        came = (*seen.frame.shape[:2], len(goal))
        if came != (config.height, config.width, config.goal):
            raise ValueError(
                f"a learned reward of task {self.task!r} must see frames of {config.height}x{config.width} and a goal "
                f"of {config.goal} numbers, got {came[0]}x{came[1]} and {came[2]}"
            )
        pictures = (torch.from_numpy(one)[None] for one in (seen.before, seen.frame, seen.depth))
        with torch.inference_mode():
            reward, logit = self.head(*pictures, goal[None])
        return Verdict(float(reward), bool(logit.sigmoid() >= self._threshold))


def save_head(path: Path, head: RewardHead, task: str) -> str:
    """Write a head in bfloat16, atomically; returns the hash of the file."""
    return save_module(path, FORMAT, {"config": asdict(head.config), "task": task}, head)


def load_head(path: Path) -> tuple[RewardHead, str]:
    """The head of a file, and the task whose rewards it has learnt.

    Raises:
        ValueError: If the file is missing, damaged or of another version.
    """

    def make(header: dict[str, Any]) -> RewardHead:
        config = header["config"]
        return RewardHead(HeadConfig(**config | {"spreads": tuple(config["spreads"])}))

    head = load_module(path, FORMAT, make, torch.float32).eval()
    return head, str(read_weights(path, FORMAT)[0]["task"])
