"""Filmed pairs of frames with and without events, and batches of them for the appearance network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.appearance.carriers import draw_carriers
from wm_gym.appearance.network import conditions_of, input_maps
from wm_gym.appearance.sight import FrameEvent, Sight, geometry_of, rays_of
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import camera_pose


@dataclass(frozen=True)
class PairBatch:
    """N frames, their events, and the twin's frames under these.

    Attributes:
        maps: (N, C, H, W) input of the network.
        conditions: (N, D) input of the network.
        target: (N, 3, H, W) colours in 0..1.
    """

    maps: Tensor
    conditions: Tensor
    target: Tensor

    def to(self, device: torch.device) -> PairBatch:
        """The batch on a device."""
        return PairBatch(self.maps.to(device), self.conditions.to(device), self.target.to(device))


@dataclass(frozen=True)
class Pair:
    """One clean frame under one set of events.

    Attributes:
        frame: (H, W, 3) uint8, clean.
        sight: Its geometry.
        events: The set.
        lamps: (N, 3) lamps of the place, metres.
        target: (H, W, 3) uint8, under the events.
        family: Of the place.
        masks: (L, H, W) bool, the pixels that each kind of `film_pairs.LOCAL` changes.
        visible: (K,) the share of the frame that each kind of `film_pairs.DRAWN` changes.
    """

    frame: NDArray[np.uint8]
    sight: Sight
    events: tuple[FrameEvent, ...]
    lamps: NDArray[np.float64]
    target: NDArray[np.uint8]
    family: str
    masks: NDArray[np.bool_]
    visible: NDArray[np.float32]


class FilmedPairs:
    """The pairs of a folder of `film-pairs`, in memory."""

    def __init__(self, folder: str | Path) -> None:
        """Read all places.

        Raises:
            ValueError: If there are none, or one cannot be read.
        """
        paths = sorted(Path(folder).glob("place-*.npz"))
        if not paths:
            raise ValueError(f"{folder} must hold pairs that film-pairs made, got none")
        self._places = [_read(path) for path in paths]
        views, sets = self._places[0]["target"].shape[:2]
        self._views, self._sets = int(views), int(sets)

    def __len__(self) -> int:
        return len(self._places) * self._views * self._sets

    def pair(self, index: int) -> Pair:
        """One pair."""
        place, rest = divmod(index, self._views * self._sets)
        view, number = divmod(rest, self._sets)
        found = self._places[place]
        pose = camera_pose(np.array([*found["eye"][view], found["yaw"][view], found["pitch"][view]]))
        note = found["note"]
        rays, depth = rays_of(pose[:3, :3], note["intrinsics"]), found["depth"][view].astype(np.float32)
        sight = Sight(depth, pose[:3, 3], rays, FAR_METRES, bool(found["outdoors"][view]))
        events = tuple(FrameEvent(**event) for event in note["events"][view][number])
        lamps = np.array(note["lamps"]).reshape(-1, 3)
        masks = np.unpackbits(found["masks"][view, number], axis=-1, count=depth.shape[1]).astype(np.bool_)
        target, visible = found["target"][view, number], found["visible"][view, number]
        return Pair(found["clean"][view], sight, events, lamps, target, note["family"], masks, visible)


def batch_of(kinds: Sequence[str], pairs: Sequence[Pair]) -> PairBatch:
    """Pairs of one size as a batch for a network of these kinds."""
    carriers = [draw_carriers(one.sight, one.frame, one.events, one.lamps).maps for one in pairs]
    frames = torch.from_numpy(np.stack([one.frame for one in pairs]))
    geometry = torch.from_numpy(np.stack([geometry_of(one.sight) for one in pairs]))
    target = torch.from_numpy(np.stack([one.target for one in pairs])).permute(0, 3, 1, 2).float() / 255.0
    conditions = torch.stack([conditions_of(kinds, one.events) for one in pairs])
    return PairBatch(input_maps(frames, geometry, torch.from_numpy(np.stack(carriers))), conditions, target)


def draw_batch(
    sources: Sequence[FilmedPairs], kinds: Sequence[str], size: int, lamps_known: float, rng: np.random.Generator
) -> PairBatch:
    """A batch of one source, each source as often as it has pairs.

    Args:
        sources: Each of one size.
        kinds: Of the network.
        size: Pairs in the batch.
        lamps_known: Share of pairs whose lamps the network is told of.
        rng: Draws the pairs.
    """
    shares = np.array([len(one) for one in sources], np.float64)
    source = sources[int(rng.choice(len(sources), p=shares / shares.sum()))]
    pairs = [source.pair(int(index)) for index in rng.integers(len(source), size=size)]
    known = rng.random(size) < lamps_known
    nothing = np.zeros((0, 3))
    told = [one if knows else replace(one, lamps=nothing) for one, knows in zip(pairs, known, strict=True)]
    batch = batch_of(kinds, told)
    return _flipped(batch) if rng.random() < 0.5 else batch


def _flipped(batch: PairBatch) -> PairBatch:
    return PairBatch(batch.maps.flip(3), batch.conditions, batch.target.flip(3))


def _read(path: Path) -> dict[str, Any]:
    try:
        with np.load(path) as arrays:
            found: dict[str, Any] = {name: arrays[name] for name in arrays.files}
        return found | {"note": json.loads(found["note"].tobytes())}
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} must be a whole file of film-pairs, got one that cannot be read") from error
