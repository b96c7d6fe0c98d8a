"""`Completion`: what memory does not show, decided by a list of stages before a chunk is generated.

The model has then to join and to move, not to imagine, and what is written to memory is what was decided. Any backend
can have it. Knows nothing of the backend that comes next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.scene_bank import SceneBank
from wm_gym.completion.stage import Draft, Stage, View
from wm_gym.completion.stages import CompletionConfig, Holes, Inpainting, NewScene, PlacedScenes, Sky, wants
from wm_gym.completion.state import CompletionState
from wm_gym.completion.weights import find_inpainter, find_scene_bank, inpainter_bytes, load_inpainter
from wm_gym.memory.hints import Hints

NONE = "none"
"""Setting that stands for no inpainter, or no scene bank."""


@dataclass(frozen=True)
class Completed:
    """Guidance of N worlds.

    Attributes:
        hints: (N, T, H, W), completed.
        where: (N, T, H, W) bool: pixels that completion decided, not memory.
        overwritten: (N, T, H, W) bool: where memory is to let go of what it shows.
        states: N states after it.
    """

    hints: Hints
    where: Tensor
    overwritten: Tensor
    states: tuple[CompletionState, ...]


class Completion:
    """Stages that run one after another, each world by itself."""

    def __init__(
        self,
        inpainter: Inpainter | None = None,
        scene_bank: SceneBank | None = None,
        config: CompletionConfig | None = None,
    ) -> None:
        """The stages that there is something for; with nothing, hints stay as they are.

        Args:
            inpainter: Invents what nothing else decides; without it, nothing is.
            scene_bank: Other places as which what is unseen goes on; None: the inpainter invents it.
            config: When and how.
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
        dtype: torch.dtype = torch.float32,
        device: str = "cpu",
    ) -> Completion:
        """The completion for frames of a size.

        Args:
            height: Rows of a frame.
            width: Columns of a frame.
            inpainter: Path of an inpainter's file, "none" for no completion at all, or None for the one that is shipped
                for the size, if there is one.
            scene_bank: Path of a folder of captures of other places, "none" for none, or None for those that are
                shipped, if they fit the size. Without an inpainter there are none.
            dtype: Number type of the inpainter.
            device: Where the inpainter computes; hints stay where they are.

        Raises:
            ValueError: If a file is damaged or of another size, or there is no capture in the folder.
        """
        paints = _inpainter(inpainter, height, width, dtype)
        if paints is None:
            return cls()
        return cls(paints.to(device), _scene_bank(scene_bank, height, width))

    @property
    def decides(self) -> bool:
        """Whether there is any stage: then a model has only to join what was decided."""
        return bool(self.stages)

    def __call__(self, hints: Hints, views: Sequence[View], states: Sequence[CompletionState]) -> Completed:
        """Hints (N, T, H, W) completed. Worlds that know enough are left as they are."""
        ends = Hints(**{name: value[:, -1] for name, value in vars(hints).items()})
        wanted = wants(ends, self.config).tolist() if self.decides else [False] * len(states)
        chosen = [n for n, state in enumerate(states) if wanted[n] or state.placed]
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
    """What is looked up comes first, what is invented last."""
    if inpainter is None:
        return ()
    invented = Holes(config), Inpainting(inpainter, config)
    if scene_bank is None:
        return invented
    return PlacedScenes(scene_bank, config), Sky(), NewScene(scene_bank, config), *invented


def _hash_of(inpainter: Inpainter | None, scene_bank: SceneBank | None) -> str:
    """Of all that decides; empty without anything."""
    digest = hashlib.sha256()
    if inpainter is None:
        return ""
    digest.update(inpainter_bytes(inpainter))
    if scene_bank is not None:
        digest.update(scene_bank.hash().encode())
    return digest.hexdigest()


def _inpainter(asked: str | None, height: int, width: int, dtype: torch.dtype) -> Inpainter | None:
    """The inpainter that is asked for, as `Completion.create` says."""
    path = find_inpainter(height, width) if asked is None else None if asked == NONE else Path(asked)
    if path is None:
        return None
    inpainter = load_inpainter(path, dtype)
    size = inpainter.config.height, inpainter.config.width
    if size != (height, width):
        raise ValueError(f"inpainter {path} must paint frames of {height} x {width}, got {size[0]} x {size[1]}")
    return inpainter


def _scene_bank(asked: str | None, height: int, width: int) -> SceneBank | None:
    """The bank that is asked for, as `Completion.create` says."""
    path = find_scene_bank(height, width) if asked is None else None if asked == NONE else Path(asked)
    return None if path is None else SceneBank.load(path, height, width)
