"""The frames of one request while they are rendered, with instance numbers shared by all T frames.

The engine's frame is kept without events; each set of effects is drawn on a copy of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.acs import OBJECT_ACTORS
from wm_gym.backends.twin.effects import Ground, Scene, draw_effects
from wm_gym.backends.twin.messages import Drawn, Effect, EpisodeSetup, Rendered
from wm_gym.backends.twin.optics import touched

MOVING_CLASSES = ("Walker", "Visitor", "Body", "Bird", "Bonfire", "Placed")
_MAX_INSTANCES = 255


class _EffectFrames:
    """T frames with one set of effects while they are drawn.

    Args:
        shape: T, H, W.
        effects: The effects.
    """

    def __init__(self, shape: tuple[int, int, int], effects: Sequence[Effect]) -> None:
        self._effects = effects
        self._frames = np.empty((*shape, 3), np.uint8)
        self._depth, self._moving = np.empty(shape, np.float32), np.empty(shape, np.bool_)
        self._masks = {effect.kind: np.zeros(shape, np.bool_) for effect in effects}

    def draw(self, t: int, clean: Scene) -> None:
        """Draw frame t on a copy of the frame without effects."""
        if not self._effects:
            self._frames[t], self._depth[t], self._moving[t] = clean.colour, clean.depth, clean.moving
            return
        scene = replace(clean, colour=clean.colour.copy(), depth=clean.depth.copy(), moving=clean.moving.copy())
        for kind, mask in draw_effects(scene, self._effects, t).items():
            self._masks[kind][t] = mask
        self._frames[t] = np.clip(np.rint(scene.colour), 0, 255)
        self._depth[t], self._moving[t] = scene.depth, scene.moving

    def drawn(self) -> Drawn:
        """All frames, with the strongest effect of each kind."""
        strengths = {
            kind: np.max([e.strengths for e in self._effects if e.kind == kind], axis=0).astype(np.float32)
            for kind in self._masks
        }
        return Drawn(self._frames, self._depth, self._moving, self._masks, strengths)


class RequestFrames:
    """Buffers of T frames while they are rendered.

    Args:
        num_frames: Number T of frames.
        setup: The episode, with the size of a frame and the far plane.
        ground: The place.
        effect_sets: Sets of active events; the first is the request's own, the others its alternatives.
    """

    def __init__(
        self, num_frames: int, setup: EpisodeSetup, ground: Ground, effect_sets: Sequence[Sequence[Effect]]
    ) -> None:
        shape = (num_frames, setup.height, setup.width)
        self.frames = np.empty((*shape, 3), np.uint8)
        self.depth = np.empty(shape, np.float32)
        self.instances = np.empty(shape, np.uint8)
        self.surfaces = np.empty(shape[1:], np.int16)
        self._far, self._ground = setup.far_metres, ground
        self._sets = [_EffectFrames(shape, effects) for effects in effect_sets]
        self._names: dict[int, str] = {}
        self._number_of: dict[int, int] = {}
        self._poses: dict[int, NDArray[np.float64]] = {}
        self._touched: dict[str, NDArray[np.bool_]] = {}

    def number_things(
        self, t: int, labels: Sequence[Any], eye: tuple[float, float, float], yaw_radians: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Instance number and picture plane for each number of the engine's label buffer.

        Args:
            t: Number of the frame, in which names and poses of the things are noted.
            labels: The engine's labels of one frame.
            eye: x, y, z of the camera, map units.
            yaw_radians: Yaw of the engine's camera, which sprites face.

        Returns:
            (256,) and (256, 3): a, b, c of a x + b y = c, map units from the eye.
        """
        numbers, planes = np.zeros(256, np.uint8), np.zeros((256, 3))
        cos, sin = np.cos(yaw_radians), np.sin(yaw_radians)
        # the engine's own ids depend on its history, the order of names and places does not
        for label in sorted(
            labels, key=lambda label: (label.object_name, label.object_position_x, label.object_position_y)
        ):
            number = self._number_of.setdefault(label.object_id, min(len(self._number_of) + 1, _MAX_INSTANCES))
            self._names[number] = label.object_name
            self._note_pose(t, number, label)
            ahead = (label.object_position_x - eye[0]) * cos + (label.object_position_y - eye[1]) * sin
            numbers[label.value], planes[label.value] = number, (cos, sin, ahead)
        return numbers, planes

    def mark_objects(
        self, labels: Sequence[Any], buffer: NDArray[np.uint8], source_from_target: NDArray[np.float64], samples: int
    ) -> None:
        """Mark the pixels of a frame to whose colour an object that an event has put down gives anything.

        Args:
            labels: The engine's labels of the frame.
            buffer: The engine's label buffer.
            source_from_target: (3, 3) homography from a pixel of the frame.
            samples: Samples along one side of a pixel.
        """
        self._touched = {}
        for kind, actor in OBJECT_ACTORS.items():
            values = [label.value for label in labels if label.object_name.startswith(actor)]
            if values:
                wanted, mask = np.zeros(256, np.bool_), np.zeros(self.depth.shape[1:], np.bool_)
                wanted[values] = True
                touched(buffer, wanted, source_from_target, samples, mask)
                self._touched[kind] = mask

    def _note_pose(self, t: int, number: int, label: Any) -> None:
        poses = self._poses.setdefault(number, np.full((len(self.frames), 4), np.nan))
        place = label.object_position_x, label.object_position_y, label.object_position_z
        poses[t] = *place, np.radians(label.object_angle)

    def finish(self, t: int, eye: tuple[float, float, float], ray_from_pixel: NDArray[np.float64]) -> None:
        """Mark what moves in a frame, and draw each set of events over it.

        Args:
            t: Number of the frame.
            eye: x, y, z of the camera, map units.
            ray_from_pixel: (3, 3), map units per metre of depth.
        """
        units, still = self._ground.units, np.zeros(self.depth[t].shape, np.bool_)
        scene = Scene(
            self._ground, self.frames[t].astype(np.float32), self.depth[t], still, self.surfaces,
            self.instances[t], self._names, np.array(eye) / units, ray_from_pixel / units[:, None], self._far,
            objects=self._touched,
        )  # fmt: skip
        for prefix in MOVING_CLASSES:
            scene.moving |= scene.mask_of(prefix)
        for effect_frames in self._sets:
            effect_frames.draw(t, scene)

    def rendered(self, save: bytes | None) -> Rendered:
        """The answer with all frames."""
        own, *others = (effect_frames.drawn() for effect_frames in self._sets)
        return Rendered(own, tuple(others), self.instances, self._names, self._poses, save)
