"""The recipes as rows: name, settings, what is run, and a summary. What is heavy is imported when it is run."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class RecipeRow:
    """One training that can be asked for by name.

    Attributes:
        name: As in `wm-gym train recipe=NAME`.
        config: "module:Class" of its settings, a dataclass.
        run: "module:function" that takes an object of that class, trains and returns a summary, one line.
        summary: One line.
    """

    name: str
    config: str
    run: str
    summary: str

    def train(self, config: Any) -> str:
        """Train with these settings; returns a summary, one line."""
        module, _, name = self.run.partition(":")
        return getattr(import_module(module), name)(config)


_HERE = "wm_gym.train_world.recipes"
RECIPES = (
    RecipeRow(
        "video", f"{_HERE}.video:VideoRunConfig", f"{_HERE}.video:run_video", "the video world model, on recordings"
    ),
    RecipeRow(
        "codec", f"{_HERE}.codec:CodecRunConfig", f"{_HERE}.codec:run_codec", "a streaming codec for the video model"
    ),
    RecipeRow(
        "inpainter", f"{_HERE}.inpainter:InpainterRunConfig", f"{_HERE}.inpainter:run_inpainter",
        "the inpainter of what neither memory nor a retrieved scene shows",
    ),
    RecipeRow(
        "inpainter_adversarial", f"{_HERE}.inpainter_adversarial:AdversarialRunConfig",
        f"{_HERE}.inpainter_adversarial:run_adversarial",
        "adversarial finetuning of an inpainter's pixel decoder",
    ),
    RecipeRow(
        "time_budget", f"{_HERE}.time_budget:TimeBudgetConfig", f"{_HERE}.time_budget:run_time_budget",
        "collect recordings, train on them and pack the weights within a given time",
    ),
)  # fmt: skip
"""In the order in which they are listed."""
