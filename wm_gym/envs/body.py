"""`BodySettings`: the body that carries the camera, in SI units, and what it is at a backend's frame rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from wm_gym.choices import check_known
from wm_gym.envs.checking import read_number
from wm_gym.geometry.motion import OPENING_EYE_METRES, Body

EYE_HEIGHTS_METRES = (0.5, 1.9)
"""Over what a body steps over, and under every lintel."""


@dataclass(frozen=True)
class BodySettings:
    """Size and top speeds of the body.

    Attributes:
        eye_height_metres: Height of the camera over the ground, 0.5 to 1.9. Worlds open at 1.6; with another height the
            camera moves there in one chunk before the episode begins.
        radius_metres: Distance that the body keeps from what is solid.
        walk_metres_per_second: In any direction on the ground. In one frame at most the radius, so that no wall is
            stepped over.
        turn_degrees_per_second: Of yaw.
        pitch_degrees_per_second: Of pitch.
    """

    eye_height_metres: float = OPENING_EYE_METRES
    radius_metres: float = 0.3
    walk_metres_per_second: float = 2.1875
    turn_degrees_per_second: float = 78.75
    pitch_degrees_per_second: float = 43.75

    def __post_init__(self) -> None:
        for field in fields(self):
            value = read_number(field.name, getattr(self, field.name))
            if not value > 0:
                raise ValueError(f"{field.name} must be positive, got {value:g}")
        lowest, highest = EYE_HEIGHTS_METRES
        if not lowest <= self.eye_height_metres <= highest:
            raise ValueError(f"eye_height_metres must be within {lowest}..{highest}, got {self.eye_height_metres:g}")

    @classmethod
    def of(cls, settings: Any) -> BodySettings:
        """From a mapping of some of the fields.

        Raises:
            ValueError: If it is none, or a setting is unknown, of the wrong kind or out of range.
        """
        if not isinstance(settings, Mapping):
            raise ValueError(f"body must be a dict of {[field.name for field in fields(cls)]}, got {settings!r}")
        check_known("settings of the body", settings, [field.name for field in fields(cls)])
        return cls(**settings)

    @property
    def rise_metres(self) -> float:
        """How far the camera is above where worlds open; negative below."""
        return self.eye_height_metres - OPENING_EYE_METRES

    def at(self, fps: float) -> Body:
        """The body at `fps` frames per second of world time.

        Raises:
            ValueError: If it walks farther than its radius in a frame.
        """
        fastest = self.radius_metres * fps
        if self.walk_metres_per_second > fastest:
            raise ValueError(
                f"walk_metres_per_second must be at most radius_metres x {fps:g} frames per second, {fastest:g}, "
                f"got {self.walk_metres_per_second:g}"
            )
        return Body(
            walk_metres_per_frame=self.walk_metres_per_second / fps,
            turn_degrees_per_frame=self.turn_degrees_per_second / fps,
            pitch_degrees_per_frame=self.pitch_degrees_per_second / fps,
            radius_metres=self.radius_metres,
            eye_height_metres=self.eye_height_metres,
        )
