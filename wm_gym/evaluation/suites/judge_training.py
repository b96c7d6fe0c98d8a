"""Training of the judge of events: `python -m wm_gym.evaluation.suites.judge_training --pairs ... --crops ...`.

Pairs and crops are made by `film-pairs` and `film-things`; those that it is scored on are of held-out places.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.evaluation.suites.judge import SEEN, JudgeConfig, JudgeNetwork, balanced_accuracy, save_judge
from wm_gym.evaluation.suites.judge_cases import JudgeBatch, draw_cases
from wm_gym.train_world.appearance.pairs import FilmedPairs
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.report import Score
from wm_gym.train_world.things.crops import Crops, read_crops
from wm_gym.train_world.trainer import Recipe, train

_SCORED_CASES, _SHOWN_CASES, _MASK_WEIGHT = 1200, 16, 2.0
_RARE = 8.0
"""How much more a kind that is there counts than one that is not: each is there in one case of ten."""


@dataclass
class JudgeTrainConfig(LoopConfig):
    """Settings of the loop."""

    output: str = "outputs/train_judge"
    steps: int = 3000
    batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    warmup: int = 50
    bfloat16: bool = False
    report_steps: int = 500


@dataclass(frozen=True)
class JudgeData:
    """What a judge learns from, or is scored on.

    Attributes:
        pairs: Filmed pairs.
        crops: Of people and fires.
    """

    pairs: FilmedPairs
    crops: Crops


def judge_recipe(config: JudgeTrainConfig, data: JudgeData, held_out: JudgeData | None = None) -> Recipe[JudgeBatch]:
    """The training of a judge, scored on others."""
    torch.manual_seed(config.seed)
    network = JudgeNetwork(JudgeConfig())
    kinds, local = network.config.kinds, network.config.local

    def draw(number: int) -> JudgeBatch:
        return draw_cases(
            data.pairs, data.crops, kinds, local, config.batch, np.random.default_rng([config.seed, number])
        )

    def loss_of(batch: JudgeBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return judge_loss(network, batch)

    score = None if held_out is None else HeldOutCases(held_out, kinds, local)
    return Recipe(config, network, draw, loss_of, score, save_judge, "event_judge.safetensors")


def judge_loss(network: nn.Module, batch: JudgeBatch) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropies of kinds that can be told, and of the masks of local kinds."""
    logits, masks = network(batch.frames, batch.without)
    rare = torch.full((logits.shape[1],), _RARE)
    each = functional.binary_cross_entropy_with_logits(
        logits, batch.labels, reduction="none", pos_weight=rare.to(logits)
    )
    kinds = (each * batch.weights).sum() / batch.weights.sum()
    places = functional.binary_cross_entropy_with_logits(masks, batch.masks)
    return kinds + _MASK_WEIGHT * places, {"kinds": kinds.detach(), "places": places.detach()}


class HeldOutCases:
    """Scores judges on cases of held-out places."""

    def __init__(self, data: JudgeData, kinds: Sequence[str], local: Sequence[str]) -> None:
        """Score on cases of these data."""
        self._kinds, self._local = kinds, local
        self._cases = draw_cases(data.pairs, data.crops, kinds, local, _SCORED_CASES, np.random.default_rng(0))

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Balanced accuracy of each kind and of all, and the IoU of local masks."""
        batch = self._cases
        answers = [network(a, b) for a, b in zip(batch.frames.split(100), batch.without.split(100), strict=True)]
        seen, masks = (torch.cat(parts).sigmoid() > SEEN for parts in zip(*answers, strict=True))
        figures = {}
        for k, kind in enumerate(self._kinds):
            told = batch.weights[:, k] > 0
            figures[f"{kind}_accuracy"] = balanced_accuracy(
                seen[told, k].tolist(), (batch.labels[told, k] > 0).tolist()
            )
        figures["accuracy"] = float(np.mean(list(figures.values())))
        for k, kind in enumerate(self._local):
            rows = batch.labels[:, self._kinds.index(kind)] > 0
            true, made = batch.masks[rows, k] > SEEN, masks[rows, k]
            figures[f"{kind}_mask_iou"] = float((true & made).sum() / (true | made).sum().clamp_min(1))
        shown = [batch.frames[:_SHOWN_CASES], batch.without[:_SHOWN_CASES]]
        strip = [np.concatenate(list((255 * row).byte().permute(0, 2, 3, 1).numpy()), 1) for row in shown]
        return Score(figures, np.concatenate(strip, 0), "with and without events")


def main() -> None:
    """Train and write the judge into the output folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", required=True)
    parser.add_argument("--crops", required=True)
    parser.add_argument("--held-out-pairs", required=True)
    parser.add_argument("--held-out-crops", required=True)
    parser.add_argument("--output", default="outputs/train_judge")
    parser.add_argument("--steps", type=int, default=3000)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = JudgeData(FilmedPairs(asked.pairs), read_crops(asked.crops))
    held_out = JudgeData(FilmedPairs(asked.held_out_pairs), read_crops(asked.held_out_crops))
    recipe = judge_recipe(JudgeTrainConfig(output=asked.output, steps=asked.steps), data, held_out)
    progress = train(recipe)
    assert recipe.score is not None
    print(json.dumps(recipe.score(progress.average).figures, indent=2))
    print(Path(asked.output) / recipe.file)


if __name__ == "__main__":
    main()
