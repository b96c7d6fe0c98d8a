"""The settings of a 4D memory: bounds and tolerances. Knows nothing of points."""

from __future__ import annotations

from dataclasses import dataclass

from wm_gym.geometry.depth_scale import FAR_METRES

CLOSEST_TO_FAR = 0.99
"""Share of the far plane to which the depth of farther surfaces is clamped, since the far value itself means sky."""


@dataclass(frozen=True)
class MemoryConfig:
    """Bounds and tolerances of one world's memory.

    Attributes:
        block_points: Most points of one block.
        max_points: Most static points; beyond it whole blocks are dropped, farthest from the camera first.
        max_sky_points: Most sky directions; beyond it whole blocks are dropped, oldest first.
        max_moving_points: Most moving points; beyond it they are dropped, oldest first.
        cull_points: Most points (moving, sky and static together) rendered in one step.
        near_metres: Depth below which points are not rendered.
        far_metres: Depth that stands for the sky.
        surface_tolerance: Relative depth behind the nearest point within which points are blended as one surface.
        surface_metres: Length added to that depth.
        front_tolerance: Relative depth by which a pixel must be nearer than memory to be written as a new surface.
        erase_tolerance: Relative depth by which a point must be nearer than a frame's depth to be carved away.
        max_splat_widths: Largest radius of a splat on the screen, in widths of the frame.
        occupied_points: Fewest static points that block a body, so that a few floaters do not.
    """

    block_points: int = 4096
    max_points: int = 1_048_576
    max_sky_points: int = 65_536
    max_moving_points: int = 16_384
    cull_points: int = 262_144
    near_metres: float = 0.1
    far_metres: float = FAR_METRES
    surface_tolerance: float = 0.05
    surface_metres: float = 0.05
    front_tolerance: float = 0.1
    erase_tolerance: float = 0.1
    max_splat_widths: float = 0.4
    occupied_points: int = 4

    def __post_init__(self) -> None:
        counts = ("block_points", "max_points", "max_sky_points", "max_moving_points", "cull_points", "occupied_points")
        for name in counts:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("surface_tolerance", "front_tolerance", "erase_tolerance"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must be between 0 and 1, got {getattr(self, name)}")
        if not 0.0 < self.near_metres < self.far_metres:
            raise ValueError(
                f"near_metres must be positive and under far_metres, got {self.near_metres} and {self.far_metres}"
            )
        if not 0.0 < self.max_splat_widths <= 1.0:
            raise ValueError(f"max_splat_widths must be over 0 and at most 1, got {self.max_splat_widths}")
        if self.surface_metres < 0.0:
            raise ValueError(f"surface_metres must not be negative, got {self.surface_metres}")
