"""The completion pipeline: a list of stages that complete the hints before a chunk is generated.

The video model then has to blend and animate, not to imagine, and memory is written from the completed hints. Any
backend can have it. Knows nothing of the backend that comes next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from wm_gym.completion.imagined import ContinuedPlan, ImaginedPlan, seen_from_behind
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.scene_bank import KEPT_MEMORIES, SceneBank
from wm_gym.completion.stage import Draft, Stage, View, share
from wm_gym.completion.stages import CompletionConfig, Holes, Inpainting, NewScene, PlacedScenes, Sky, needs_completion
from wm_gym.completion.state import CompletionState
from wm_gym.completion.weights import inpainter_bytes, load_inpainter
from wm_gym.layout.growing import AHEAD_METRES, GrowthConfig
from wm_gym.layout.imagination import Imagination, shipped_imagination
from wm_gym.layout.plan import Plan
from wm_gym.memory.hints import Hints
from wm_gym.world_model import Opening

NONE = "none"
"""Setting for no inpainter, no scene bank, or no plans."""


@dataclass(frozen=True)
class Completed:
    """The completed guidance of N worlds.

    Attributes:
        hints: (N, T, H, W), completed.
        where: (N, T, H, W) bool, the pixels that completion decided, not memory.
        overwritten: (N, T, H, W) bool, the pixels whose points memory is to replace.
        provisional: (N, T, H, W) bool, the pixels that are shown but are not to be remembered.
        states: N states after this chunk.
    """

    hints: Hints
    where: Tensor
    overwritten: Tensor
    provisional: Tensor
    states: tuple[CompletionState, ...]


class Completion:
    """Stages that run one after another, for each world by itself."""

    def __init__(
        self,
        inpainter: Inpainter | None = None,
        scene_bank: SceneBank | None = None,
        config: CompletionConfig | None = None,
        imagination: Imagination | None = None,
        growth: GrowthConfig | None = None,
    ) -> None:
        """A pipeline of the given parts; without any, nothing is completed.

        Args:
            inpainter: Fills what the other stages leave unseen.
            scene_bank: Scenes to retrieve and place in large unseen regions of places that were seen, instead of plans.
            config: When and how hints are completed.
            imagination: Draws and continues the plans of places.
            growth: How far ahead of a body it does so.
        """
        self.config, self.imagination = config or CompletionConfig(), imagination
        self.inpainter, self.scene_bank = None if inpainter is None else inpainter.eval(), scene_bank
        plans = () if imagination is None else _plans(imagination, growth or GrowthConfig(), self.config)
        self.stages = _stages(self.inpainter, scene_bank, plans, self.config)
        self.weights = _hash_of(inpainter, scene_bank, imagination)

    @classmethod
    def create(
        cls,
        height: int,
        width: int,
        *,
        inpainter: str | None = None,
        scene_bank: str | None = None,
        layout: str | None = None,
        kept_scenes: int = KEPT_MEMORIES,
        plan_ahead_metres: float = AHEAD_METRES,
        dtype: torch.dtype = torch.float32,
        device: str = "cpu",
    ) -> Completion:
        """The pipeline for frames of a size.

        Args:
            height: Rows of a frame.
            width: Columns of a frame.
            inpainter: Path of an inpainter's file, or "none" or None for none.
            scene_bank: Path of a folder of captures to go on as, instead of plans, or "none" or None for none.
            layout: None for the shipped networks of plans, "none" for no plans.
            kept_scenes: Most scenes of the bank whose memories stay built until `close`.
            plan_ahead_metres: How far ahead of a body plans are drawn.
            dtype: Number type of the inpainter.
            device: Device of the inpainter; hints stay on theirs.

        Raises:
            ValueError: If a file is damaged or of another size, there is no capture in the folder, `layout` is
                something else, or `kept_scenes` is below 1.
        """
        if layout not in (None, NONE):
            raise ValueError(f"layout must be None or {NONE!r}, got {layout!r}")
        loaded = _inpainter(inpainter, height, width, dtype)
        return cls(
            None if loaded is None else loaded.to(device),
            _scene_bank(scene_bank, height, width, kept_scenes),
            imagination=shipped_imagination() if layout is None else None,
            growth=GrowthConfig(plan_ahead_metres),
        )

    def begun(
        self, openings: Sequence[Opening], seeds: Sequence[int], far_metres: float
    ) -> tuple[CompletionState, ...]:
        """The states of worlds that open: with the plan of an imagined place, or with what a capture shows of one."""
        return tuple(self._begun(opening, seed, far_metres) for opening, seed in zip(openings, seeds, strict=True))

    def _begun(self, opening: Opening, seed: int, far_metres: float) -> CompletionState:
        if self.imagination is None:
            return CompletionState()
        if opening.imagined is not None:
            return CompletionState(plan=self.imagination.opened(opening.imagined))
        if opening.capture is None or self.scene_bank is not None:
            return CompletionState()
        return CompletionState(plan=self.imagination.read(opening.capture, opening.prompt, seed, far_metres))

    def close(self) -> None:
        """Free the memories of the scene bank, which are built again where they are needed."""
        if self.scene_bank is not None:
            self.scene_bank.clear()

    def decides(self, states: Sequence[CompletionState]) -> bool:
        """Whether all that is new in these worlds is decided: a model has only to blend its frames with the hints."""
        return self.inpainter is not None or all(state.plan is not None for state in states)

    def __call__(
        self,
        hints: Hints,
        views: Sequence[View],
        states: Sequence[CompletionState],
        groups: Sequence[int] | None = None,
    ) -> Completed:
        """The hints of N worlds, completed.

        Worlds whose last frame has few pixels unseen or seen from behind, no placed scenes and no imagined plan
        keep their hints.

        Args:
            hints: (N, T, H, W), rendered from memory.
            views: N, the poses of the chunk.
            states: N states before this chunk.
            groups: N numbers; worlds with one number share a plan. None: none do.
        """
        ends = Hints(**{name: value[:, -1] for name, value in vars(hints).items()})
        chosen = self._chosen(ends, states) if self.stages else []
        nowhere = torch.zeros_like(hints.seen)
        if not chosen:
            return Completed(hints, nowhere, nowhere, nowhere, tuple(states))
        drafts: dict[int, Draft] = {}
        plans: dict[int, Plan | None] = {}
        for n in chosen:
            group = n if groups is None else groups[n]
            state = replace(states[n], plan=plans.get(group, states[n].plan))
            drafts[n] = self._of_world(Draft.of(hints.of_world(n), state), views[n])
            plans[group] = drafts[n].state.plan
        every = [drafts.get(n, Draft.of(hints.of_world(n), state)) for n, state in enumerate(states)]
        return Completed(
            Hints.stack([draft.hints for draft in every]),
            torch.stack([draft.completed for draft in every]),
            torch.stack([draft.overwritten for draft in every]),
            torch.stack([draft.provisional for draft in every]),
            tuple(
                replace(draft.state, plan=plans.get(n if groups is None else groups[n], draft.state.plan))
                for n, draft in enumerate(every)
            ),
        )

    def _chosen(self, ends: Hints, states: Sequence[CompletionState]) -> list[int]:
        """The worlds, of N last frames (N, H, W), whose hints are completed."""
        needed = needs_completion(ends, self.config).tolist()
        behind = (share(seen_from_behind(ends)) > self.config.min_unseen).tolist()
        return [
            n
            for n, state in enumerate(states)
            if needed[n] or state.placed or _is_shown(state) or (behind[n] and state.plan is not None)
        ]

    def _of_world(self, draft: Draft, view: View) -> Draft:
        for stage in self.stages:
            draft = stage(draft, view)
        return draft


def _is_shown(state: CompletionState) -> bool:
    """Whether a plan has a part in every frame: that of a place that was seen fills only what memory does not show."""
    return state.plan is not None and not state.plan.is_read


def _plans(imagination: Imagination, growth: GrowthConfig, config: CompletionConfig) -> tuple[Stage, Stage]:
    """The stages of imagined places and of those that go on beyond what was seen."""
    return ImaginedPlan(imagination, growth), ContinuedPlan(imagination, growth, config)


def _stages(
    inpainter: Inpainter | None, scene_bank: SceneBank | None, plans: Sequence[Stage], config: CompletionConfig
) -> tuple[Stage, ...]:
    """The stages in order: plans and retrieved scenes are shown first, thin holes and inpainting come last."""
    if inpainter is None and scene_bank is None and not plans:
        return ()
    placed = () if scene_bank is None else (PlacedScenes(scene_bank, config), Sky(), NewScene(scene_bank, config))
    inpainted = () if inpainter is None else (Inpainting(inpainter, config),)
    return *plans[:1], *placed, *plans[1:], Holes(config), *inpainted


def _hash_of(inpainter: Inpainter | None, scene_bank: SceneBank | None, imagination: Imagination | None) -> str:
    """SHA-256 of all weights and the scene bank, in hexadecimal; empty without any."""
    digest = hashlib.sha256()
    if inpainter is None and scene_bank is None and imagination is None:
        return ""
    if imagination is not None:
        digest.update(imagination.weights.encode())
    if inpainter is not None:
        digest.update(inpainter_bytes(inpainter))
    if scene_bank is not None:
        digest.update(scene_bank.hash().encode())
    return digest.hexdigest()


def _inpainter(asked: str | None, height: int, width: int, dtype: torch.dtype) -> Inpainter | None:
    """The inpainter of the setting; see `Completion.create`."""
    path = None if asked in (None, NONE) else Path(asked)
    if path is None:
        return None
    inpainter = load_inpainter(path, dtype)
    size = inpainter.config.height, inpainter.config.width
    if size != (height, width):
        raise ValueError(f"inpainter {path} must be for frames of {height} x {width}, got {size[0]} x {size[1]}")
    return inpainter


def _scene_bank(asked: str | None, height: int, width: int, kept: int) -> SceneBank | None:
    """The scene bank of the setting; see `Completion.create`."""
    path = None if asked in (None, NONE) else Path(asked)
    return None if path is None else SceneBank.load(path, height, width, kept=kept)
