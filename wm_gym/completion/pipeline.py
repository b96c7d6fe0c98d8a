"""The completion pipeline: a list of stages that complete the hints before a chunk is generated.

The video model then has to blend and animate, not to imagine, and memory is written from the completed hints. Any
backend can have it. Knows nothing of the backend that comes next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.scene_bank import KEPT_MEMORIES, SceneBank
from wm_gym.completion.stage import Draft, Stage, View
from wm_gym.completion.stages import CompletionConfig, Holes, Inpainting, NewScene, PlacedScenes, Sky, needs_completion
from wm_gym.completion.state import CompletionState
from wm_gym.completion.weights import find_inpainter, find_scene_bank, inpainter_bytes, load_inpainter
from wm_gym.memory.hints import Hints

NONE = "none"
"""Setting for no inpainter, or no scene bank."""


@dataclass(frozen=True)
class Completed:
    """The completed guidance of N worlds.

    Attributes:
        hints: (N, T, H, W), completed.
        where: (N, T, H, W) bool, the pixels that completion decided, not memory.
        overwritten: (N, T, H, W) bool, the pixels whose points memory is to replace.
        states: N states after this chunk.
    """

    hints: Hints
    where: Tensor
    overwritten: Tensor
    states: tuple[CompletionState, ...]


class Completion:
    """Stages that run one after another, for each world by itself."""

    def __init__(
        self,
        inpainter: Inpainter | None = None,
        scene_bank: SceneBank | None = None,
        config: CompletionConfig | None = None,
    ) -> None:
        """A pipeline of the given parts.

        Args:
            inpainter: Fills what the other stages leave unseen; None for no completion at all.
            scene_bank: Scenes to retrieve and place in large unseen regions; None leaves these to the inpainter.
            config: When and how hints are completed.
        """
        self.config = config or CompletionConfig()
        self.inpainter, self.scene_bank = None if inpainter is None else inpainter.eval(), scene_bank
        self.stages = _stages(self.inpainter, scene_bank, self.config)
        self.weights = _hash_of(inpainter, scene_bank)

    @classmethod
    def create(
        cls,
        height: int,
        width: int,
        *,
        inpainter: str | None = None,
        scene_bank: str | None = None,
        kept_scenes: int = KEPT_MEMORIES,
        dtype: torch.dtype = torch.float32,
        device: str = "cpu",
    ) -> Completion:
        """The pipeline for frames of a size.

        Args:
            height: Rows of a frame.
            width: Columns of a frame.
            inpainter: Path of an inpainter's file, "none" for no completion at all, or None for the one that is shipped
                for the size, if there is one.
            scene_bank: Path of a folder of captures, "none" for no scene bank, or None for the shipped one, if it fits
                the size. Not used without an inpainter.
            kept_scenes: Most scenes of the bank whose memories stay built until `close`.
            dtype: Number type of the inpainter.
            device: Device of the inpainter; hints stay on theirs.

        Raises:
            ValueError: If a file is damaged or of another size, there is no capture in the folder, or `kept_scenes` is
                below 1.
        """
        loaded = _inpainter(inpainter, height, width, dtype)
        if loaded is None:
            return cls()
        return cls(loaded.to(device), _scene_bank(scene_bank, height, width, kept_scenes))

    def close(self) -> None:
        """Free the memories of the scene bank, which are built again where they are needed."""
        if self.scene_bank is not None:
            self.scene_bank.clear()

    @property
    def decides(self) -> bool:
        """Whether there is any stage; if so, a model has only to blend its frames with the completed hints."""
        return bool(self.stages)

    def __call__(self, hints: Hints, views: Sequence[View], states: Sequence[CompletionState]) -> Completed:
        """The hints of N worlds, completed.

        Worlds whose last frame has few unseen pixels, and no placed scenes, keep their hints.

        Args:
            hints: (N, T, H, W), rendered from memory.
            views: N, the poses of the chunk.
            states: N states before this chunk.
        """
        ends = Hints(**{name: value[:, -1] for name, value in vars(hints).items()})
        needed = needs_completion(ends, self.config).tolist() if self.decides else [False] * len(states)
        chosen = [n for n, state in enumerate(states) if needed[n] or state.placed]
        nowhere = torch.zeros_like(hints.seen)
        if not chosen:
            return Completed(hints, nowhere, nowhere, tuple(states))
        drafts = {n: self._of_world(Draft.of(hints.of_world(n), states[n]), views[n]) for n in chosen}
        every = [drafts.get(n, Draft.of(hints.of_world(n), state)) for n, state in enumerate(states)]
        return Completed(
            Hints.stack([draft.hints for draft in every]),
            torch.stack([draft.completed for draft in every]),
            torch.stack([draft.overwritten for draft in every]),
            tuple(draft.state for draft in every),
        )

    def _of_world(self, draft: Draft, view: View) -> Draft:
        for stage in self.stages:
            draft = stage(draft, view)
        return draft


def _stages(inpainter: Inpainter | None, scene_bank: SceneBank | None, config: CompletionConfig) -> tuple[Stage, ...]:
    """The stages in order: retrieved scenes are rendered first, holes and inpainting come last."""
    if inpainter is None:
        return ()
    filling = Holes(config), Inpainting(inpainter, config)
    if scene_bank is None:
        return filling
    return PlacedScenes(scene_bank, config), Sky(), NewScene(scene_bank, config), *filling


def _hash_of(inpainter: Inpainter | None, scene_bank: SceneBank | None) -> str:
    """SHA-256 of the weights and the scene bank, in hexadecimal; empty without an inpainter."""
    digest = hashlib.sha256()
    if inpainter is None:
        return ""
    digest.update(inpainter_bytes(inpainter))
    if scene_bank is not None:
        digest.update(scene_bank.hash().encode())
    return digest.hexdigest()


def _inpainter(asked: str | None, height: int, width: int, dtype: torch.dtype) -> Inpainter | None:
    """The inpainter of the setting; see `Completion.create`."""
    path = find_inpainter(height, width) if asked is None else None if asked == NONE else Path(asked)
    if path is None:
        return None
    inpainter = load_inpainter(path, dtype)
    size = inpainter.config.height, inpainter.config.width
    if size != (height, width):
        raise ValueError(f"inpainter {path} must be for frames of {height} x {width}, got {size[0]} x {size[1]}")
    return inpainter


def _scene_bank(asked: str | None, height: int, width: int, kept: int) -> SceneBank | None:
    """The scene bank of the setting; see `Completion.create`."""
    path = find_scene_bank(height, width) if asked is None else None if asked == NONE else Path(asked)
    return None if path is None else SceneBank.load(path, height, width, kept=kept)
