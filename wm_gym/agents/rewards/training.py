"""`wm-gym train-agent agent=reward`: a reward head learns from the twin what steps are worth."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.agents.rewards.auditing import Audit
from wm_gym.agents.rewards.gathering import StepsConfig, gathered
from wm_gym.agents.rewards.learned import save_head
from wm_gym.agents.rewards.network import HeadConfig, RewardHead
from wm_gym.agents.rewards.samples import Steps
from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.progress import progress_bar

_HELD_OUT_SEED = 10**6
_CLIPPED = 2.0  # rewards are learnt up to this much: those of success tell themselves by the other output


@dataclass
class TrainRewardConfig:
    """What a reward head learns from.

    Attributes:
        gather: Which steps it learns from.
        held_out: Episodes of other seeds that it is audited on.
        updates: Steps of the optimiser.
        batch: Steps of worlds in one of them.
        learning_rate: Of AdamW, falling to nothing.
        seed: Of weights and batches.
        threads: Of torch in this process.
        output: Folder of "reward.safetensors" and "audit.json".
    """

    gather: StepsConfig = field(default_factory=StepsConfig)
    held_out: int = 50
    updates: int = 1500
    batch: int = 128
    learning_rate: float = 1e-3
    seed: int = 0
    threads: int = 1
    output: str = "outputs/reward"

    def __post_init__(self) -> None:
        for name in ("held_out", "updates", "batch", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


def train_reward(config: TrainRewardConfig) -> str:
    """Gather steps, train, audit on held-out episodes, and write the head; gives a line to print.

    Raises:
        ValueError: If a setting is none that exists, no step is a success, or the folder cannot be written to.
    """
    output = Path(config.output)
    check_writable(output, is_folder=True)
    torch.set_num_threads(config.threads)
    steps = Steps.of(gathered(config.gather))
    if not steps.success.any():
        raise ValueError(f"task must be one that walks to its objects end well, got {config.gather.task!r}")
    head = _trained(steps, config)
    other = replace(config.gather, episodes=config.held_out, seed=_HELD_OUT_SEED)
    audit = audit_head(head, Steps.of(gathered(other)))
    digest = save_head(output / "reward.safetensors", head, config.gather.task)
    told = json.dumps({"settings": asdict(config), "audit": asdict(audit), "sha256": digest}, indent=2) + "\n"
    write_atomically(output / "audit.json", lambda file: file.write(told.encode()))
    return (
        f"{output}/reward.safetensors: false positives {audit.false_positives:.4f} of the steps that were no success, "
        f"false negatives {audit.false_negatives:.3f} of {audit.successes} successes"
    )


def audit_head(head: RewardHead, steps: Steps, threshold: float = 0.5) -> Audit:
    """A head against the truth of steps."""
    rewards, chances = [], []
    with torch.inference_mode():
        for first in range(0, len(steps), 256):
            reward, logit = head(*_tensors(steps.at(np.arange(first, min(first + 256, len(steps))))))
            rewards.append(reward.numpy())
            chances.append(logit.sigmoid().numpy())
    return Audit.of(np.concatenate(chances) >= threshold, np.concatenate(rewards), steps.success, steps.reward)


def _trained(steps: Steps, config: TrainRewardConfig) -> RewardHead:
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    head = RewardHead(HeadConfig(config.gather.height, config.gather.width, steps.goal.shape[1]))
    optimiser = torch.optim.AdamW(head.parameters(), config.learning_rate, weight_decay=0.01)
    falling = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, config.updates)
    with progress_bar(range(config.updates), desc="learning", unit="update") as bar:
        for _ in bar:
            loss = _loss(head, steps.at(_drawn(steps, config.batch, rng)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            falling.step()
            bar.set_postfix_str(f"loss {loss.item():.3f}")
    return head.eval()


def _drawn(steps: Steps, count: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of a batch, a quarter of them successes, which are rare."""
    rows = rng.integers(len(steps), size=count)
    rows[: count // 4] = rng.choice(np.flatnonzero(steps.success), count // 4)
    return rows


def _loss(head: RewardHead, steps: Steps) -> Tensor:
    reward, logit = head(*_tensors(steps))
    wanted = torch.from_numpy(steps.reward.clip(-_CLIPPED, _CLIPPED))
    ends = torch.from_numpy(steps.success).float()
    # the weights undo that successes are drawn more often than they come
    weight = torch.where(ends > 0, 0.5, 1.0)
    return functional.smooth_l1_loss(reward, wanted) + functional.binary_cross_entropy_with_logits(logit, ends, weight)


def _tensors(steps: Steps) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    before, frame, depth, goal = (torch.from_numpy(one) for one in (steps.before, steps.frame, steps.depth, steps.goal))
    return before, frame, depth, goal
