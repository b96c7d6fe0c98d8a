"""The scene bank: captures of other scenes, from which the best match is retrieved to complete unseen regions.

A small inpainter invents patches; a captured scene is coherent as a whole. Each level keyframe with an open view is a
key view: where it matches the seen part of a frame, its scene can be placed there. Source: Seoul World Model (retrieved
street views, with their poses, as references of the generation), here on pixels and depth instead of latents. Knows
nothing of networks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.completion.conditioning import SEEN, surface_planes
from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.last_used import LastUsed
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.kept import MemoryFolder
from wm_gym.memory.memory import Memory
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.keyframe_scale import reduced
from wm_gym.world_model import Capture, Opening

CELL = 4
"""Side in pixels of the cells over which images are averaged before they are compared."""

DEPTH_WEIGHT = 1.5
"""Weight of a difference of depth; one of colour has weight 1."""

BOUNDARY_WEIGHT = 3.0
"""Additional weight of seen cells in the boundary band beside unseen ones, where the scene has to join."""

MAX_SLOPE = 0.05
"""Largest sine of the pitch of a key view, up or down."""

MIN_DEPTH_METRES = 2.5
"""Least median depth of a key view: one right before a wall leaves no room to walk."""

MIN_VALID = 0.9
"""Least share of a key view's pixels that are static and have depth."""

KEPT_MEMORIES = 64
"""Default of the memories kept built, about 30 MB each. With fewer than worlds use, each step would rebuild some."""


@dataclass(frozen=True)
class KeyViews:
    """A views by which scenes are matched to frames; the second half are the mirror images of the first.

    Attributes:
        cells: (A, 4, H / CELL, W / CELL) surface images averaged over cells.
        scene: (A,) int64 number of the scene in the bank; mirrored scenes come after all others.
        scene_from_camera: (A, 4, 4).
    """

    cells: Tensor
    scene: Tensor
    scene_from_camera: Tensor

    def nearest(self, conditioning: Tensor, scenes: Tensor, count: int) -> Tensor:
        """Rows of the views nearest to the seen part of a frame, (count,) or fewer, the nearest first.

        Args:
            conditioning: (1, CONDITIONING_CHANNELS, H, W).
            scenes: (S,) bool, the scenes that may be chosen.
            count: Most rows.
        """
        share, shown = conditioning_cells(conditioning)
        weight = share * (1 + BOUNDARY_WEIGHT * boundary_band(share))
        depth_counts = shown.new_tensor([1.0, 1.0, 1.0, DEPTH_WEIGHT**2]).view(4, 1, 1)
        weight, shown, keys = (weight * depth_counts).flatten(1), shown.flatten(1), self.cells.flatten(1)
        distance = (weight @ keys.square().T - 2 * (weight * shown) @ keys.T)[0]
        allowed = scenes[self.scene]
        distance = torch.where(allowed, distance, torch.inf)
        return distance.topk(min(count, int(allowed.sum())), largest=False).indices


class Likeness:
    """Similarity of sentences to S captions: the Jaccard index of their words."""

    def __init__(self, captions: Sequence[str]) -> None:
        self._captions = [_words(caption) for caption in captions]

    def to(self, sentence: str) -> Tensor:
        """(S,) similarity of a sentence to each caption, 0 to 1."""
        words = _words(sentence)
        return torch.tensor([len(words & caption) / max(len(words | caption), 1) for caption in self._captions])


class SceneBank:
    """A bank of captured scenes, each of them also mirrored."""

    def __init__(
        self,
        captures: Sequence[Path],
        height: int,
        width: int,
        *,
        kept: int = KEPT_MEMORIES,
        folder: MemoryFolder | None = None,
    ) -> None:
        """A bank of capture files; each is read when it is needed.

        Args:
            captures: Files as `load_capture` reads them.
            height: Rows of the frames to complete.
            width: Columns of the frames to complete.
            kept: Most memories that stay built.
            folder: Where memories are looked up before they are built; None is the user's folder.

        Raises:
            ValueError: If there are none, or `kept` is below 1.
        """
        if not captures:
            raise ValueError("a scene bank must hold at least one capture, got none")
        self.captures, self.height, self.width = tuple(captures), height, width
        self._memories: LastUsed[int, Memory] = LastUsed(kept, "kept_scenes")
        self._folder = folder or MemoryFolder()

    @property
    def num_scenes(self) -> int:
        """Number of scenes, mirrored ones included."""
        return 2 * len(self.captures)

    @property
    def key_views(self) -> KeyViews:
        """The key views of all scenes.

        Raises:
            ValueError: If a file is no capture of a fitting size, or no keyframe of any looks level into the open.
        """
        return self._index[0]

    @property
    def likeness(self) -> Likeness:
        """Similarity to the captions of all scenes, in the bank's order.

        Raises:
            ValueError: As `key_views`.
        """
        return self._index[1]

    def capture(self, scene: int) -> Capture:
        """The keyframes of one scene."""
        capture = self._open(scene).capture
        assert capture is not None
        return _mirrored_capture(capture) if scene >= len(self.captures) else capture

    def memory(self, scene: int) -> Memory:
        """The 4D memory of one scene's keyframes, without their moving pixels; the last ones asked for are kept."""
        return self._memories.get(scene, lambda: self._built(scene))

    def _built(self, scene: int) -> Memory:
        capture = self.capture(scene)
        still = torch.where(capture.moving, 0.0, capture.depth)
        seen = capture.frames, still, capture.world_from_camera, capture.intrinsics
        return self._folder.memory(*seen, MemoryConfig())

    def clear(self) -> None:
        """Free the memories that are kept."""
        self._memories.clear()

    def hash(self) -> str:
        """SHA-256 of the capture files, in hexadecimal."""
        digest = hashlib.sha256()
        for path in self.captures:
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @classmethod
    def load(cls, folder: Path, height: int, width: int, *, kept: int = KEPT_MEMORIES) -> SceneBank:
        """A bank of all captures in a folder, for frames of a size.

        Raises:
            ValueError: If there is no such folder, or no `.npz` in it.
        """
        found = sorted(folder.glob("*.npz"))
        if not found:
            raise ValueError(f"scene_bank must be a folder of captures (.npz), got {folder} without one")
        return cls(found, height, width, kept=kept)

    @cached_property
    def _index(self) -> tuple[KeyViews, Likeness]:
        """Key views and captions of all files, which are read when first needed."""
        found, prompts = [], []
        for scene in range(len(self.captures)):
            opening = self._open(scene)
            assert opening.capture is not None
            found.append(_key_views(reduced(opening.capture, self.height, self.width), scene))
            prompts.append(opening.prompt)
        cells, scenes, poses = (torch.cat(parts) for parts in zip(*found, strict=True))
        if not len(scenes):
            raise ValueError(f"some keyframe of {self.captures[0].parent} must look level into the open, got none")
        both = scenes, scenes + len(self.captures)
        key_views = KeyViews(torch.cat([cells, cells.flip(-1)]), torch.cat(both), torch.cat([poses, _mirrored(poses)]))
        return key_views, Likeness(prompts * 2)

    def _open(self, scene: int) -> Opening:
        return load_capture(self.captures[scene % len(self.captures)], self.height, self.width)


def _key_views(capture: Capture, scene: int) -> tuple[Tensor, Tensor, Tensor]:
    """Cells, scene numbers and poses of the level keyframes with an open view."""
    depth = torch.where(capture.moving, 0.0, capture.depth)
    is_level = capture.world_from_camera[:, 2, 2].abs() < MAX_SLOPE
    is_open = depth.flatten(1).median(1).values >= MIN_DEPTH_METRES
    is_valid = (depth > 0).float().mean((1, 2)) >= MIN_VALID
    chosen = is_level & is_open & is_valid
    planes = surface_planes(capture.frames[chosen], capture.depth[chosen], NEAR_METRES, FAR_METRES)
    poses = capture.world_from_camera[chosen]
    return F.avg_pool2d(planes, CELL), torch.full((len(poses),), scene), poses


def _words(sentence: str) -> set[str]:
    return set(re.findall(r"\w+", sentence.lower()))


def conditioning_cells(conditioning: Tensor) -> tuple[Tensor, Tensor]:
    """Seen share (1, 1, h, w) and mean surface (1, 4, h, w) of each cell of (1, CONDITIONING_CHANNELS, H, W)."""
    seen = (conditioning[:, SEEN : SEEN + 1] > 0).float()
    share = F.avg_pool2d(seen, CELL)
    return share, F.avg_pool2d(conditioning[:, :4].float() * seen, CELL) / share.clamp(min=1e-3)


def boundary_band(share: Tensor) -> Tensor:
    """Greatest unseen share within two cells of each cell (1, 1, h, w), 0 to 1."""
    return F.max_pool2d(1 - share, 5, 1, 2)


def _mirrored_capture(capture: Capture) -> Capture:
    """The capture of the scene mirrored along its y axis."""
    flipped = {name: getattr(capture, name).flip(2) for name in ("frames", "depth", "moving")}
    intrinsics = capture.intrinsics.clone()
    intrinsics[2] = capture.frames.shape[2] - intrinsics[2]
    return replace(capture, **flipped, world_from_camera=_mirrored(capture.world_from_camera), intrinsics=intrinsics)


def _mirrored(poses: Tensor) -> Tensor:
    """Poses (..., 4, 4) in a scene mirrored along its y axis, of cameras whose images are mirrored along x."""
    world, camera = (torch.tensor(signs).diag() for signs in ((1.0, -1.0, 1.0, 1.0), (-1.0, 1.0, 1.0, 1.0)))
    return world @ poses @ camera
