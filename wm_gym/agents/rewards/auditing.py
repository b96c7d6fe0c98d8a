"""How often a source of rewards is wrong: its word against the task's own, step by step, in the twin or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.envs.rewards import Seen, Verdict


@dataclass(frozen=True)
class Audit:
    """What a source said of steps of which the truth is known.

    Attributes:
        steps: How many.
        successes: In how many the aim was reached.
        false_positives: Steps that it called success and that were none, as a share of those that were none.
        false_negatives: Steps that were a success and that it did not call so, as a share of those.
        false_share: Of the steps that it called success the share that were none; 0 where it called none.
        correlation: Pearson's, of its rewards and the task's; 0 where either is constant.
    """

    steps: int
    successes: int
    false_positives: float
    false_negatives: float
    false_share: float
    correlation: float

    @classmethod
    def of(cls, said: np.ndarray, rewards: np.ndarray, success: np.ndarray, true_rewards: np.ndarray) -> Audit:
        """From what was said (K,) bool, rewards (K,), the truth (K,) bool and the task's rewards (K,)."""
        wrong = said & ~success
        varies = min(rewards.std(), true_rewards.std()) > 0
        return cls(
            len(said),
            int(success.sum()),
            float(wrong.sum() / max(1, (~success).sum())),
            float((success & ~said).sum() / max(1, success.sum())),
            float(wrong.sum() / max(1, said.sum())),
            float(np.corrcoef(rewards, true_rewards)[0, 1]) if varies else 0.0,
        )


def audited(source: Callable[[Seen], Verdict | float], rows: Sequence[tuple[Seen, float, bool]]) -> Audit:
    """A source against the truth of steps; one that gives numbers alone never says success."""
    answers = [source(seen) for seen, _, _ in rows]
    verdicts = [one if isinstance(one, Verdict) else Verdict(one) for one in answers]
    return Audit.of(
        np.array([one.is_success for one in verdicts]),
        np.array([one.reward for one in verdicts]),
        np.array([success for _, _, success in rows]),
        np.array([reward for _, reward, _ in rows]),
    )
