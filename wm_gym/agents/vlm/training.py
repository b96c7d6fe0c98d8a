"""`train_vlm`: action agents from pairs of frames and keys: a tiny Qwen3-VL of one's own, any other, or LoRA on it.

Only the answers are learned. The moving average of the weights is what is saved: a folder that `VLMAgent(model=...)`
loads, or one of an adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.agents.vlm.batches import Batches, TokenBatch
from wm_gym.agents.vlm.chunk import Chunk, Part, expand, write_chunk
from wm_gym.agents.vlm.data import Pair, Pairs
from wm_gym.agents.vlm.grammar import ChunkGrammar
from wm_gym.agents.vlm.local import LocalConfig, LocalVLM, load_vlm
from wm_gym.agents.vlm.prompting import Prompt, past_texts, rules
from wm_gym.agents.vlm.tiny import TinyConfig, make_tiny
from wm_gym.agents.vlm.trained_weights import TrainedWeights
from wm_gym.geometry.motion import KEYS, Body
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.report import Score
from wm_gym.train_world.trainer import Recipe

NEW = "tiny"
_ADAPTED = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
_TEXTS, _FRAMES_PER_STEP = 4000, 4


@dataclass
class VLMTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the model's.

    Attributes:
        most_parts: Parts of a chunk that is learned.
        mirrors: Whether half of the pairs are shown in a mirror.
        scored: Held-out pairs that are scored at each report.
        lora_rank: Rank of a LoRA adapter; 0 trains all weights.
        lora_alpha: Its scale.
        tiny: Sizes of a new tiny model.
    """

    output: str = "outputs/train_vlm"
    steps: int = 6000
    batch: int = 32
    learning_rate: float = 3e-3
    warmup: int = 200
    constant_share: float = 0.4
    weight_decay: float = 0.01
    average_decay: float = 0.995
    bfloat16: bool = False
    report_steps: int = 500
    most_parts: int = 12
    mirrors: bool = True
    scored: int = 96
    lora_rank: int = 0
    lora_alpha: int = 16
    tiny: TinyConfig = field(default_factory=TinyConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("most_parts", 1), ("scored", 1), ("lora_rank", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")


@dataclass
class VLMRunConfig:
    """The data of a run, the model it begins with, and the run.

    Attributes:
        data: Films (`.npz`) and folders of recordings to train on.
        held_out: The same, to score on; empty for no scores.
        model: Folder or hub id of a Qwen3-VL to go on from; "tiny" for a new tiny one, empty for the one that ships.
        threads: Threads of torch.
        train: The run.
    """

    data: list[str] = field(default_factory=lambda: ["outputs/vlm/walks.npz"])
    held_out: list[str] = field(default_factory=list)
    model: str = NEW
    threads: int = 1
    train: VLMTrainConfig = field(default_factory=VLMTrainConfig)


def train_vlm(config: VLMRunConfig) -> str:
    """Read pairs, then train; returns a summary. A run in the same folder is resumed.

    Raises:
        ValueError: As `run_recipe`, or if there is no such data or model.
        ImportError: If the transformers library, or for LoRA peft, is not installed.
    """

    def prepare() -> Recipe[TokenBatch]:
        pairs = Pairs(config.data, config.train.most_parts, mirrors=config.train.mirrors)
        held_out = Pairs(config.held_out, config.train.most_parts) if config.held_out else None
        return vlm_recipe(config.train, config.model, pairs, held_out)

    return run_recipe(config.train, config.threads, prepare)


def vlm_recipe(config: VLMTrainConfig, model: str, pairs: Pairs, held_out: Pairs | None) -> Recipe[TokenBatch]:
    """The training of a model on pairs, scored on others."""
    torch.manual_seed(config.seed)
    network, processor = _begun(config, model, pairs)
    trained, batches = TrainedWeights(network.train()), Batches(processor, rules_of(pairs))

    def draw(number: int) -> TokenBatch:
        rng = np.random.default_rng([config.seed, number])
        return batches.batch([pairs.draw(rng) for _ in range(config.batch)])

    def loss_of(batch: TokenBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return network(**batch.inputs, labels=batch.labels).loss, {}

    def save(path: Path, average: TrainedWeights) -> None:
        with average.in_place() as finished:
            finished.save_pretrained(path)
        processor.save_pretrained(path)

    score = None if held_out is None else HeldOutPairs(held_out, processor, config)
    return Recipe(config, trained, draw, loss_of, score, save, "adapter" if config.lora_rank else "model")


def rules_of(pairs: Pairs) -> str:
    """The system text that pairs are learned under: that of an agent in a world with the default body."""
    body, steps_per_second = Body(), pairs.language.most_steps / 10.0
    return rules(
        pairs.language,
        step_seconds=1 / steps_per_second,
        walk_metres=_FRAMES_PER_STEP * body.walk_metres_per_frame,
        turn_degrees=_FRAMES_PER_STEP * body.turn_degrees_per_frame,
    )


class HeldOutPairs:
    """Scores a model on pairs that it is not trained on: how many answers are the expert's.

    Args:
        pairs: The pairs.
        processor: The model's.
        config: Of the run.
    """

    def __init__(self, pairs: Pairs, processor: Any, config: VLMTrainConfig) -> None:
        rng = np.random.default_rng([config.seed, 7])
        self._pairs = [pairs.draw(rng) for _ in range(config.scored)]
        self._processor, self._config, self._language = processor, config, pairs.language
        self._rules, self._batches = rules_of(pairs), Batches(processor, rules_of(pairs))

    @torch.no_grad()
    def __call__(self, average: nn.Module) -> Score:
        """Loss, share of answers that are the expert's, and share of their steps with the same keys."""
        assert isinstance(average, TrainedWeights)
        with average.in_place() as network:
            batch = self._batches.batch(self._pairs).to(network.device)
            loss = float(network(**batch.inputs, labels=batch.labels).loss)
            answers = self._answers(network)
        same = [answer == write_chunk(pair.chunk) for answer, pair in zip(answers, self._pairs, strict=True)]
        alike = [self._likeness(answer, pair) for answer, pair in zip(answers, self._pairs, strict=True)]
        figures = {"held_out_loss": loss, "same_chunk": float(np.mean(same)), "same_keys": float(np.mean(alike))}
        return Score(figures, self._pairs[0].frame, "the first frame")

    def _answers(self, network: Any) -> list[str]:
        model = LocalVLM.of(network, self._processor, LocalConfig(device=self._config.device))
        prompts = [Prompt(self._rules, pair.instruction, pair.frame, history=pair.history) for pair in self._pairs]
        return [reply.text for reply in model.write(prompts, ChunkGrammar(self._language))]

    def _likeness(self, answer: str, pair: Pair) -> float:
        """Share of the longer one's steps at which both press the same."""
        given, wanted = expand(self._language.parse(answer)), expand(pair.chunk)
        both = min(len(given), len(wanted))
        return float((given[:both] == wanted[:both]).all(axis=1).sum() / max(len(given), len(wanted)))


def _begun(config: VLMTrainConfig, model: str, pairs: Pairs) -> tuple[Any, Any]:
    """The model that a run begins with, and its processor; of an adapter only its own weights are trained."""
    if model == NEW:
        network, processor = make_tiny(TinyConfig(**asdict(config.tiny)), _texts(pairs, config.seed), config.seed)
    else:
        network, processor = load_vlm(model)
    return (adapted(network, config) if config.lora_rank else network), processor


def _texts(pairs: Pairs, seed: int) -> Sequence[str]:
    """What a new tokenizer learns from: instructions, and chunks of any keys, so that no answer becomes one token."""
    rng = np.random.default_rng([seed, 3])
    drawn = [pairs.draw(rng) for _ in range(_TEXTS)]
    told = ["\n".join([pair.instruction, *past_texts(pair.history), ""]) for pair in drawn]
    return [*told, *(write_chunk(_any_chunk(rng)) for _ in range(_TEXTS))]


def _any_chunk(rng: np.random.Generator) -> Chunk:
    keys = rng.choice(["", *KEYS, "WJ", "WL"], int(rng.integers(1, 4)))
    return tuple(Part(str(one), int(rng.integers(1, 13))) for one in keys)


def adapted(network: Any, config: VLMTrainConfig) -> Any:
    """The model with a new LoRA adapter on its text layers, whose weights alone are trained.

    Raises:
        ImportError: If peft is not installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise ImportError("LoRA needs peft: pip install 'wm-gym[vlm]'") from error
    return get_peft_model(
        network, LoraConfig(r=config.lora_rank, lora_alpha=config.lora_alpha, target_modules=_ADAPTED)
    )
