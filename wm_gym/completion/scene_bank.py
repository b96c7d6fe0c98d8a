"""SceneBank: captures of other places, of which the most fitting one shows how a place may go on.

What nothing is known of has to be invented, and a small inpainter invents patches; a place that was seen somewhere is a
whole. Each keyframe that looks level into the open is an anchor: where it fits what is known, its place can go on from
there. Source: Seoul World Model (retrieved street views, with their poses, as references of what is generated), here on
pixels and depth instead of latents. Knows nothing of networks.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.completion.conditioning import SEEN, surface_planes
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.keyframes import build_memory
from wm_gym.memory.memory import Memory
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.keyframe_scale import reduced
from wm_gym.world_model import Capture, Opening

CELL = 4
"""Rows and columns of pixels that are compared as one."""

DEPTH_WEIGHT = 1.5
"""What a difference of depth counts against one of colour."""

RIM_WEIGHT = 3.0
"""What a known cell beside unseen ones counts more than others: there both have to meet."""

LEVEL = 0.05
"""Sine of the angle up or down within which a keyframe looks level."""

ROOM_METRES = 2.5
"""Median depth of an anchor: one that stands before a wall goes on as a wall, and leaves no room to walk."""

LEAST_KNOWN = 0.9
"""Share of an anchor that is still and whose depth is known."""

KEPT_MEMORIES = 64
"""Of some thirty megabytes each: fewer than the worlds of a batch need would be made anew in each step."""

NEAR_METRES, FAR_METRES = 0.2, 100.0
"""Depths between which views are compared."""


@dataclass(frozen=True)
class KeyViews:
    """TrainingFrames by which places can be joined to others; the second half of them is seen in a mirror.

    Attributes:
        cells: (A, 4, H / CELL, W / CELL) means of cells of the surface planes.
        place: (A,) the place, mirrored ones counted after all others.
        place_from_camera: (A, 4, 4).
    """

    cells: Tensor
    place: Tensor
    place_from_camera: Tensor

    def nearest(self, known: Tensor, places: Tensor, count: int) -> Tensor:
        """(count,) rows of the views that are most like what is known of a frame.

        Args:
            known: (1, CONDITIONING_CHANNELS, H, W).
            places: (P,) bool: the places that may be chosen.
            count: At most.
        """
        share, shown = known_cells(known)
        weight = share * (1 + RIM_WEIGHT * boundary_band(share))
        depth_counts = shown.new_tensor([1.0, 1.0, 1.0, DEPTH_WEIGHT**2]).view(4, 1, 1)
        weight, shown, keys = (weight * depth_counts).flatten(1), shown.flatten(1), self.cells.flatten(1)
        distance = (weight @ keys.square().T - 2 * (weight * shown) @ keys.T)[0]
        allowed = places[self.place]
        distance = torch.where(allowed, distance, torch.inf)
        return distance.topk(min(count, int(allowed.sum())), largest=False).indices


class Likeness:
    """How much sentences have in common with some that are known: the share of their words (Jaccard's index)."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._known = [_words(sentence) for sentence in sentences]

    def to(self, sentence: str) -> Tensor:
        """(S,) of each known sentence, 0 to 1."""
        words = _words(sentence)
        return torch.tensor([len(words & known) / max(len(words | known), 1) for known in self._known])


class SceneBank:
    """A bank of captures, each also as seen in a mirror."""

    def __init__(self, captures: Sequence[Path], height: int, width: int) -> None:
        """Name captures; each is read when it is needed.

        Args:
            captures: P files as `load_capture` reads them.
            height: Rows of the frames that are to go on.
            width: Columns.

        Raises:
            ValueError: If there are none.
        """
        if not captures:
            raise ValueError("a bank of references must hold at least one capture, got none")
        self.captures, self.height, self.width = tuple(captures), height, width
        self._memories: OrderedDict[int, Memory] = OrderedDict()

    @property
    def num_places(self) -> int:
        """With those in the mirror."""
        return 2 * len(self.captures)

    @property
    def key_views(self) -> KeyViews:
        """Of all places.

        Raises:
            ValueError: If a file is no capture of a fitting size, or no keyframe of any looks level into the open.
        """
        return self._index[0]

    @property
    def likeness(self) -> Likeness:
        """Of what is said about the places to what is said about others; errors as `key_views`."""
        return self._index[1]

    def capture(self, place: int) -> Capture:
        """The keyframes of a place."""
        capture = self._open(place).capture
        assert capture is not None
        return _in_mirror(capture) if place >= len(self.captures) else capture

    def memory(self, place: int) -> Memory:
        """What somebody remembers who has seen all keyframes of a place, without what moved."""
        if place not in self._memories:
            capture = self.capture(place)
            still = torch.where(capture.moving, 0.0, capture.depth)
            seen = capture.frames, still, capture.world_from_camera, capture.intrinsics
            self._memories[place] = build_memory(*seen, MemoryConfig())
        self._memories.move_to_end(place)
        while len(self._memories) > KEPT_MEMORIES:
            self._memories.popitem(last=False)
        return self._memories[place]

    def hash(self) -> str:
        """Of all that is in it."""
        digest = hashlib.sha256()
        for path in self.captures:
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @classmethod
    def load(cls, folder: Path, height: int, width: int) -> SceneBank:
        """The captures of a folder, for frames of a size.

        Raises:
            ValueError: If there is no such folder, or no `.npz` in it.
        """
        found = sorted(folder.glob("*.npz"))
        if not found:
            raise ValueError(f"references must be a folder of captures (.npz), got {folder} without one")
        return cls(found, height, width)

    @cached_property
    def _index(self) -> tuple[KeyViews, Likeness]:
        """Of all files, which are read once, when they are first needed."""
        found, prompts = [], []
        for place in range(len(self.captures)):
            opening = self._open(place)
            assert opening.capture is not None
            found.append(_key_views(reduced(opening.capture, self.height, self.width), place))
            prompts.append(opening.prompt)
        cells, places, poses = (torch.cat(parts) for parts in zip(*found, strict=True))
        if not len(places):
            raise ValueError(f"some keyframe of {self.captures[0].parent} must look level into the open, got none")
        both = places, places + len(self.captures)
        key_views = KeyViews(torch.cat([cells, cells.flip(-1)]), torch.cat(both), torch.cat([poses, _mirrored(poses)]))
        return key_views, Likeness(prompts * 2)

    def _open(self, place: int) -> Opening:
        return load_capture(self.captures[place % len(self.captures)], self.height, self.width)


def _key_views(capture: Capture, place: int) -> tuple[Tensor, Tensor, Tensor]:
    """Cells, places and poses of the keyframes that look level into the open."""
    depth = torch.where(capture.moving, 0.0, capture.depth)
    level = capture.world_from_camera[:, 2, 2].abs() < LEVEL
    roomy = depth.flatten(1).median(1).values >= ROOM_METRES
    known = (depth > 0).float().mean((1, 2)) >= LEAST_KNOWN
    chosen = level & roomy & known
    planes = surface_planes(capture.frames[chosen], capture.depth[chosen], NEAR_METRES, FAR_METRES)
    poses = capture.world_from_camera[chosen]
    return F.avg_pool2d(planes, CELL), torch.full((len(poses),), place), poses


def _words(sentence: str) -> set[str]:
    return set(re.findall(r"\w+", sentence.lower()))


def known_cells(known: Tensor) -> tuple[Tensor, Tensor]:
    """Of what is known, (1, CONDITIONING_CHANNELS, H, W): each cell's seen share (1, 1, ...) and mean (1, 4, ...)."""
    seen = (known[:, SEEN : SEEN + 1] > 0).float()
    share = F.avg_pool2d(seen, CELL)
    return share, F.avg_pool2d(known[:, :4].float() * seen, CELL) / share.clamp(min=1e-3)


def boundary_band(share: Tensor) -> Tensor:
    """How much is unseen within two cells of each cell, 0 to 1."""
    return F.max_pool2d(1 - share, 5, 1, 2)


def _in_mirror(capture: Capture) -> Capture:
    """The place whose y axis is turned round."""
    flipped = {name: getattr(capture, name).flip(2) for name in ("frames", "depth", "moving")}
    lens = capture.intrinsics.clone()
    lens[2] = capture.frames.shape[2] - lens[2]
    return replace(capture, **flipped, world_from_camera=_mirrored(capture.world_from_camera), intrinsics=lens)


def _mirrored(poses: Tensor) -> Tensor:
    """Poses (..., 4, 4), in a place whose y axis is turned round, of cameras whose pictures are mirrored."""
    world, camera = (torch.tensor(signs).diag() for signs in ((1.0, -1.0, 1.0, 1.0), (-1.0, 1.0, 1.0, 1.0)))
    return world @ poses @ camera
