"""`EventDrawing`: events drawn on the clean frames of a world, as the last stage of a step.

Things go in by depth, then light and weather fall on all; what burns goes in after these, or it would go dark with the
rest. Memory never sees what is drawn here, so an event leaves no trace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.appearance import weights as appearance_weights
from wm_gym.appearance.lighting import Appearance
from wm_gym.appearance.sight import FrameEvent, Sight, rays_of
from wm_gym.entities import weights as things_weights
from wm_gym.entities.adoption import Sighting
from wm_gym.entities.compositing import composite
from wm_gym.entities.crops import box_of, crop_of
from wm_gym.entities.entity import Entity
from wm_gym.entities.things import Things
from wm_gym.events.kinds import KINDS, ActiveEvent

_GLOWING = ("bonfire",)
_LAMP_METRES = 3.45
"""Of the light of a lamp post over the ground."""
_UNKNOWN_METRES = 20.0
"""Where depth is unknown, it is taken for this."""


@dataclass(frozen=True)
class Shown:
    """T frames of one world as they are shown.

    Attributes:
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres.
        moving: (T, H, W) bool.
    """

    frames: Tensor
    depth: Tensor
    moving: Tensor


@dataclass(frozen=True)
class Views:
    """The cameras of T frames of one world.

    Attributes:
        world_from_camera: (T, 4, 4).
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        far_metres: Depth of the sky.
        lamps: (L, 3) known lamps, metres.
        is_outdoors: Whether the body is under the open sky.
    """

    world_from_camera: NDArray[np.float64]
    intrinsics: NDArray[np.float64]
    far_metres: float
    lamps: NDArray[np.float64]
    is_outdoors: bool = True


class EventDrawing:
    """What draws events on frames. Without networks it draws none."""

    def __init__(self, appearance: Appearance | None = None, things: Things | None = None, weights: str = "") -> None:
        """Draw by these networks.

        Args:
            appearance: Light, weather and particles.
            things: People, fires and objects.
            weights: Hash of all weights.
        """
        self._appearance, self._things, self.weights = appearance, things, weights
        self._lit: tuple[str, ...] = () if appearance is None else appearance.kinds
        self._made: tuple[str, ...] = () if things is None else things.kinds
        self.kinds = tuple(dict.fromkeys((*self._lit, *self._made)))

    @classmethod
    def create(cls, device: str = "cpu") -> EventDrawing:
        """The networks that are shipped, on a device."""
        files = appearance_weights.SHIPPED, things_weights.SHIPPED
        weights = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        return cls(Appearance.create(device=device), Things.create(device=device), weights)

    def looks(self, kind: str, seed: int, text: str) -> tuple[float, ...]:
        """The looks of a new thing of a kind; none for what has no looks of its own."""
        return self._things.looks(kind, seed, text) if self._things is not None and kind in self._made else ()

    @property
    def adopts(self) -> bool:
        """Whether people in pictures can become entities."""
        return "walker" in self._made

    def recognise(self, frame: NDArray[np.uint8], one: Sighting, sight: Sight) -> tuple[tuple[float, ...], float, int]:
        """Looks, heading in radians and frames of phase of a person in a picture."""
        assert self._things is not None
        found = box_of("walker", one.foot, sight.eye, sight.ray_from_pixel)
        assert found is not None
        looks, angle, phase_frames = self._things.recognise(crop_of(frame, one.mask, found[0]))
        towards = float(np.arctan2(sight.eye[1] - one.foot[1], sight.eye[0] - one.foot[0]))
        return looks, (towards - angle) % (2.0 * np.pi), phase_frames

    def draw(
        self, shown: Shown, views: Views, events: Sequence[ActiveEvent], entities: Sequence[Sequence[Entity]]
    ) -> Shown:
        """T frames of one world with its events; the same object where nothing is at work.

        Args:
            shown: As the model made them.
            views: Their cameras.
            events: At work in the step; those of other kinds are left out.
            entities: Those of each frame.
        """
        cold = [[one for one in things if one.kind not in _GLOWING] for things in entities]
        hot = [[one for one in things if one.kind in _GLOWING] for things in entities]
        told = [
            self._at_work(events, t) + [_frame_event(one) for one in things if one.kind in self._lit]
            for t, things in enumerate(entities)
        ]
        lit = replace(views, lamps=np.concatenate([views.lamps.reshape(-1, 3), _lamps_of(entities[-1])]))
        return self._with_things(self._under(self._with_things(shown, views, cold), lit, told), views, hot)

    def close(self) -> None:
        """Free what is kept of things."""
        if self._things is not None:
            self._things.clear()

    def _with_things(self, shown: Shown, views: Views, entities: Sequence[Sequence[Entity]]) -> Shown:
        """T frames with things that have looks; the same object where there are none."""
        made = [[one for one in things if one.kind in self._made] for things in entities]
        if self._things is None or not any(made):
            return shown
        size = (shown.depth.shape[1], shown.depth.shape[2])
        frames, depth, moving = (part.clone() for part in (shown.frames, shown.depth, shown.moving))
        for t, (things, pose) in enumerate(zip(made, views.world_from_camera, strict=True)):
            layers = self._things.layers(things, pose[:3, 3], rays_of(pose[:3, :3], views.intrinsics), size)
            composite(frames[t].numpy(), depth[t].numpy(), moving[t].numpy(), layers)
        return Shown(frames, depth, moving)

    def _under(self, shown: Shown, views: Views, told: Sequence[Sequence[FrameEvent]]) -> Shown:
        """T frames under light, weather and particles; the same object where there are none."""
        if self._appearance is None or not any(told):
            return shown
        lit = self._appearance.draw(shown.frames, _sights(shown.depth, views), told, views.lamps)
        nearer = lit.depth < torch.where(shown.depth > 0, shown.depth, _UNKNOWN_METRES)
        return Shown(lit.frames, torch.where(nearer, lit.depth, shown.depth), shown.moving | lit.moving)

    def _at_work(self, events: Sequence[ActiveEvent], t: int) -> list[FrameEvent]:
        """The global events of one frame."""
        return [
            FrameEvent(event.kind, event.strengths[t], event.age_frames + t, event.seed)
            for event in events
            if event.kind in self._lit and KINDS[event.kind].is_global and event.strengths[t] > 0.0
        ]


def _lamps_of(entities: Sequence[Entity]) -> NDArray[np.float64]:
    """(L, 3) metres: the lights of lamp posts that events have put up."""
    lights = [np.add(one.position, (0.0, 0.0, _LAMP_METRES)) for one in entities if one.kind == "lamp_post"]
    return np.array(lights, np.float64).reshape(-1, 3)


def _frame_event(one: Entity) -> FrameEvent:
    return FrameEvent(one.kind, one.strength, one.age_frames, one.seed, one.position, one.outdoors)


def _sights(depth: Tensor, views: Views) -> list[Sight]:
    known = torch.where(depth > 0, depth, _UNKNOWN_METRES).numpy()
    return [
        Sight(
            one,
            np.ascontiguousarray(pose[:3, 3]),
            rays_of(pose[:3, :3], views.intrinsics),
            views.far_metres,
            views.is_outdoors,
        )
        for one, pose in zip(known, views.world_from_camera, strict=True)
    ]
