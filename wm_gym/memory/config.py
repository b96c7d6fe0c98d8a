"""The settings of a 4D memory: bounds and tolerances. Knows nothing of points."""

from __future__ import annotations

from dataclasses import dataclass

CLOSEST_TO_FAR = 0.99
"""A surface farther than the far plane is shown this fraction of it away, since the far value means sky."""


@dataclass(frozen=True)
class MemoryConfig:
    """Bounds and tolerances of one world's memory.

    Attributes:
        block_points: Most points of one block.
        max_points: Most static points. Beyond it whole blocks go, those farthest from the camera first.
        max_sky_points: Most sky directions. Beyond it the oldest blocks go.
        max_moving_points: Most moving points. Beyond it the oldest sightings go.
        cull_points: Most points (moving, sky and static together) that are rendered in one step.
        near_metres: Points nearer than this are not rendered.
        far_metres: Depth that stands for the sky.
        surface_tolerance: Points within this fraction behind the nearest one belong to the same surface.
        surface_metres: The same, as a length that is added.
        front_tolerance: A pixel nearer than what memory shows, by this fraction, is a new surface.
        erase_tolerance: A point nearer than what a frame sees, by this fraction, is seen through and erased.
        max_splat_pixels: Largest radius of a point on the screen.
        occupied_points: Fewest static points that block a body, so that a few stray ones do not.
    """

    block_points: int = 4096
    max_points: int = 1_048_576
    max_sky_points: int = 65_536
    max_moving_points: int = 16_384
    cull_points: int = 262_144
    near_metres: float = 0.1
    far_metres: float = 100.0
    surface_tolerance: float = 0.05
    surface_metres: float = 0.05
    front_tolerance: float = 0.1
    erase_tolerance: float = 0.1
    max_splat_pixels: float = 12.0
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
        if self.max_splat_pixels < 1.0:
            raise ValueError(f"max_splat_pixels must be at least 1, got {self.max_splat_pixels}")
        if self.surface_metres < 0.0:
            raise ValueError(f"surface_metres must not be negative, got {self.surface_metres}")
