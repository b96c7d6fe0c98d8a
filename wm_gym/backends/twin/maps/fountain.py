"""A fountain: a square basin with a jet of water, for courts, squares and parks."""

from __future__ import annotations

from wm_gym.backends.twin.maps import actors, themes
from wm_gym.backends.twin.maps.plan import Rect, Region
from wm_gym.backends.twin.maps.site import Site, triple

_RIM_HEIGHT = 16.0
_WATER_DEPTH = 6.0


def build_fountain(site: Site, x: float, y: float, under: Region) -> None:
    """Builds a basin 3 m wide with a jet of water on the ground of `under`."""
    site.wall("RIM", "plain", triple((226, 218, 204)))
    site.floor("RIMTOP", "plain", (240, 234, 222))
    site.floor("WATER", "water", themes.WATER, contrast=0.12)
    height = under.floor_height + _RIM_HEIGHT
    for reach, floor, level in ((48, "RIMTOP", height), (40, "WATER", height - _WATER_DEPTH)):
        basin = Region(
            floor, None, level, under.ceiling_height, under.wall, skirt="RIM", anchor=under.anchor, barred=True
        )
        site.plan.paint(Rect(x - reach, y - reach, x + reach, y + reach), basin)
    site.stand(actors.FOUNTAIN_NUMBER, x, y)
