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
        "appearance", f"{_HERE}.appearance:AppearanceRunConfig", f"{_HERE}.appearance:run_appearance",
        "light and weather on clean frames, from the twin's frames with and without events",
    ),
    RecipeRow(
        "things", f"{_HERE}.things:ThingsRunConfig", f"{_HERE}.things:run_things",
        "people, fires and objects from looks, side and phase, on crops of the twin's",
    ),
    RecipeRow(
        "event_reader", f"{_HERE}.event_reader:ReaderRunConfig", f"{_HERE}.event_reader:run_event_reader",
        "what a sentence asks for, on a grammar of many phrasings",
    ),
    RecipeRow(
        "layout", f"{_HERE}.layout:LayoutRunConfig", f"{_HERE}.layout:run_layout",
        "what lies where in places, on windows of drafts",
    ),
    RecipeRow(
        "tiles", f"{_HERE}.tiles:TilesRunConfig", f"{_HERE}.tiles:run_tiles",
        "the tiles of surfaces, cut-outs and skies, on pieces of the twin's drawings",
    ),
    RecipeRow(
        "depth", f"{_HERE}.depth:DepthRunConfig", f"{_HERE}.depth:run_depth",
        "depth from colours, the camera's height and what is known, on recordings",
    ),
    RecipeRow(
        "plan_reader", f"{_HERE}.plan_reader:PlanReaderRunConfig", f"{_HERE}.plan_reader:run_plan_reader",
        "the cells that posed pictures with depth show, on filmed places",
    ),
    RecipeRow(
        "pretrain", f"{_HERE}.stages:PretrainRunConfig", f"{_HERE}.teacher:run_teacher",
        "a teacher of how places look, from frames without hints, camera and keys",
    ),
    RecipeRow(
        "teacher", f"{_HERE}.teacher:TeacherRunConfig", f"{_HERE}.teacher:run_teacher",
        "a model that samples chunks in many steps, or a regressor, from the last frame and the camera's way",
    ),
    RecipeRow(
        "act", f"{_HERE}.stages:ActRunConfig", f"{_HERE}.stages:run_act",
        "what embeds camera and keys alone, on a teacher whose other weights stay",
    ),
    RecipeRow(
        "experts", f"{_HERE}.stages:ExpertsRunConfig", f"{_HERE}.stages:run_experts",
        "two teachers, one of high noise and one of low",
    ),
    RecipeRow(
        "causal", f"{_HERE}.causal:CausalRunConfig", f"{_HERE}.causal:run_causal",
        "a teacher as a causal model that is asked at a few noise levels, from recordings or from its own samples",
    ),
    RecipeRow(
        "distil", f"{_HERE}.distil:DistilRunConfig", f"{_HERE}.distil:run_distil",
        "a student that makes chunks in a few steps, by distribution matching with a teacher",
    ),
    RecipeRow(
        "shrink", f"{_HERE}.distil:DistilRunConfig", f"{_HERE}.stages:run_shrink",
        "a student of fewer steps, from one of more",
    ),
    RecipeRow(
        "time_budget", f"{_HERE}.time_budget:TimeBudgetConfig", f"{_HERE}.time_budget:run_time_budget",
        "collect recordings, train on them and pack the weights within a given time",
    ),
)  # fmt: skip
"""In the order in which they are listed."""
