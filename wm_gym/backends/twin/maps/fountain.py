"""A fountain: a square basin with a jet of water, for courts, squares and parks."""

from __future__ import annotations

from wm_gym.backends.twin.maps import actors, themes
from wm_gym.backends.twin.maps.map_builder import MapBuilder, triple
from wm_gym.backends.twin.maps.plan import Rect, Region

_RIM_HEIGHT = 16.0
_WATER_DEPTH = 6.0


def build_fountain(builder: MapBuilder, x: float, y: float, under: Region) -> None:
    """Builds a basin 3 m wide with a jet of water on the ground of `under`."""
    builder.wall("RIM", "plain", triple((226, 218, 204)))
    builder.floor("RIMTOP", "plain", (240, 234, 222))
    builder.floor("WATER", "water", themes.WATER, contrast=0.12)
    height = under.floor_height + _RIM_HEIGHT
    for reach, floor, level in ((48, "RIMTOP", height), (40, "WATER", height - _WATER_DEPTH)):
        basin = Region(
            floor, None, level, under.ceiling_height, under.wall, skirt="RIM", anchor=under.anchor, barred=True
        )
        builder.plan.paint(Rect(x - reach, y - reach, x + reach, y + reach), basin)
    builder.stand(actors.FOUNTAIN_NUMBER, x, y)
