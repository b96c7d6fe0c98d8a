"""Recipe "event_reader": what a sentence asks for, on a grammar of many phrasings."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.events.kinds import KINDS
from wm_gym.events.reader import EventReader, ReaderConfig, save_reader
from wm_gym.train_world.data.phrasebook import split_phrasings
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.report import Score
from wm_gym.train_world.trainer import Recipe
from wm_gym.train_world.words.grammar import Sentence, draw_sentence, vocabulary


@dataclass
class ReaderTrainConfig(LoopConfig):
    """Settings of the loop."""

    output: str = "outputs/train_event_reader"
    steps: int = 2000
    batch: int = 128
    learning_rate: float = 5e-3
    weight_decay: float = 1e-3
    warmup: int = 20
    bfloat16: bool = False


@dataclass
class ReaderRunConfig:
    """The run.

    Attributes:
        threads: Threads of torch.
        train: The run.
    """

    threads: int = 1
    train: ReaderTrainConfig = field(default_factory=ReaderTrainConfig)


@dataclass(frozen=True)
class SentenceBatch:
    """N sentences; words need no device."""

    sentences: list[Sentence]

    def to(self, device: torch.device) -> SentenceBatch:
        """The same batch."""
        return self


def run_event_reader(config: ReaderRunConfig) -> str:
    """Train; returns a summary. Raises as `run_recipe` does."""
    return run_recipe(config.train, config.threads, lambda: event_reader_recipe(config.train))


def event_reader_recipe(config: ReaderTrainConfig) -> Recipe[SentenceBatch]:
    """The training of a reader, scored on the phrasings that training never uses."""
    torch.manual_seed(config.seed)
    reader = EventReader(ReaderConfig(tuple(KINDS), vocabulary()))

    def draw(number: int) -> SentenceBatch:
        rng = np.random.default_rng([config.seed, number])
        return SentenceBatch([draw_sentence(rng) for _ in range(config.batch)])

    def loss_of(batch: SentenceBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return reader_loss(reader, batch.sentences, generator)

    return Recipe(config, reader, draw, loss_of, score_held_out, save_reader, "reader.safetensors")


def reader_loss(
    reader: EventReader, sentences: list[Sentence], generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropies of kind or none, and of start or end where there is a kind."""
    names = (*reader.config.kinds, None)
    kinds, start = reader([one.text for one in sentences], generator)
    wanted = torch.tensor([names.index(one.kind) for one in sentences])
    starts = torch.tensor([float(one.starts) for one in sentences])
    about = functional.cross_entropy(kinds, wanted)
    each = functional.binary_cross_entropy_with_logits(start, starts, reduction="none")
    polarity = (each * (wanted < len(names) - 1)).mean()
    return about + polarity, {"kind": about.detach(), "polarity": polarity.detach()}


@torch.no_grad()
def score_held_out(reader: nn.Module) -> Score:
    """Shares of held-out phrasings whose kind, and whose kind and start or end, are right."""
    assert isinstance(reader, EventReader)
    reader.eval()
    rows = [
        Sentence(text, kind, phase != "stop")
        for kind in KINDS
        for phase in ("start", "ongoing", "stop")
        for text in split_phrasings(kind, phase)[1]
    ]
    read = [reader.read(row.text) for row in rows]
    kinds = [one.kind == row.kind for one, row in zip(read, rows, strict=True)]
    both = [ok and one.starts == row.starts for ok, one, row in zip(kinds, read, rows, strict=True)]
    figures = {"kind_accuracy": float(np.mean(kinds)), "accuracy": float(np.mean(both))}
    return Score(figures, np.zeros((1, 1, 3), np.uint8), "none")
