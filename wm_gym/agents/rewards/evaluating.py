"""`wm-gym eval-reward`: how often a source of rewards is wrong, against the task's own truth in the twin."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wm_gym.agents.rewards.auditing import audited
from wm_gym.agents.rewards.gathering import StepsConfig, gathered
from wm_gym.envs.rewards import PluggedReward
from wm_gym.files.atomic import check_writable, write_atomically


@dataclass
class EvalRewardConfig:
    """Which source is audited, on which steps.

    Attributes:
        reward: "learned", "vlm" or "package.module:name".
        reward_settings: Keyword arguments of a class.
        gather: Which steps.
        output: File of the figures.
    """

    reward: str = "learned"
    reward_settings: dict[str, Any] = field(default_factory=dict)
    gather: StepsConfig = field(default_factory=lambda: StepsConfig(episodes=30, seed=10**6))
    output: str = "outputs/reward_audit.json"


def eval_reward(config: EvalRewardConfig) -> dict[str, Any]:
    """Rates of false successes and missed ones, as `auditing.Audit`; they are written too.

    Raises:
        ValueError: If there is no such source, it fails on a step, or the file cannot be written.
    """
    output = Path(config.output)
    check_writable(output)
    source = PluggedReward(config.reward, config.reward_settings)
    figures = asdict(audited(source, gathered(config.gather)))
    told = json.dumps({"settings": asdict(config), **figures}, indent=2) + "\n"
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, lambda file: file.write(told.encode()))
    return figures
