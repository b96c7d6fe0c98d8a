"""The twin's places keep their contract: closed, walkable, free where they say so, and equal for equal arguments."""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from wm_gym.backends.twin.maps import TwinMap, build
from wm_gym.scenes.families import DIFFICULTIES, FAMILIES

CASES = [(family, seed, difficulty) for family in FAMILIES for seed in range(5) for difficulty in DIFFICULTIES]
METRE = 32.0


@cache
def place(family: str, seed: int, difficulty: str) -> TwinMap:
    return build(family, seed, difficulty)


def distances(points: NDArray[np.float64], lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P, L) from each point to each line segment."""
    start, along = lines[:, :2], lines[:, 2:] - lines[:, :2]
    offset = points[:, None] - start
    share = np.clip((offset * along).sum(-1) / (along**2).sum(-1), 0.0, 1.0)
    return np.linalg.norm(offset - share[..., None] * along, axis=-1)


def sectors_at(place: TwinMap, points: NDArray[np.float64]) -> NDArray[np.int_]:
    """The sector under each point, read off the nearest line that a ray towards +x crosses; -1 is solid."""
    x1, y1, x2, y2 = place.lines.T
    upright = (x1 == x2) & (np.minimum(y1, y2) <= points[:, 1:] + 0.37) & (np.maximum(y1, y2) > points[:, 1:] + 0.37)
    gap = np.where(upright & (x1 > points[:, :1]), x1 - points[:, :1], np.inf)
    nearest = gap.argmin(1)
    # a line that runs up has its front at larger x, so a point at smaller x lies on its back
    seen = np.where(y2[nearest] > y1[nearest], 1, 0)
    return np.where(np.isfinite(gap.min(1)), place.line_sides[nearest, seen], -1)


def lumps(wad: bytes) -> dict[str, bytes]:
    count, at = struct.unpack("<ii", wad[4:12])
    found = {}
    for number in range(count):
        offset, size, name = struct.unpack("<ii8s", wad[at + 16 * number : at + 16 * number + 16])
        found[name.rstrip(b"\0").decode()] = wad[offset : offset + size]
    return found


@pytest.mark.parametrize(("family", "seed", "difficulty"), CASES)
def test_every_line_is_right_angled_and_has_a_front(family: str, seed: int, difficulty: str) -> None:
    found = place(family, seed, difficulty)
    x1, y1, x2, y2 = found.lines.T
    assert np.all((x1 == x2) != (y1 == y2))
    assert np.all(found.line_sides[:, 0] >= 0)
    assert np.all(found.line_sides[:, 0] != found.line_sides[:, 1])
    assert found.line_sides.max() < len(found.sky)
    assert len(found.lines) == len(found.blocking) <= 640


@pytest.mark.parametrize(("family", "seed", "difficulty"), CASES)
def test_every_sector_is_closed(family: str, seed: int, difficulty: str) -> None:
    found = place(family, seed, difficulty)
    for sector in range(len(found.sky)):
        # walked with the sector on the right, its border leaves every corner as often as it enters it
        ahead = found.lines[found.line_sides[:, 0] == sector]
        back = found.lines[found.line_sides[:, 1] == sector][:, [2, 3, 0, 1]]
        border = np.concatenate([ahead, back])
        assert len(border) >= 4
        assert sorted(map(tuple, border[:, :2])) == sorted(map(tuple, border[:, 2:]))


@pytest.mark.parametrize(("family", "seed", "difficulty"), CASES)
def test_waypoints_are_free_near_and_on_the_ground(family: str, seed: int, difficulty: str) -> None:
    found = place(family, seed, difficulty)
    positions = found.waypoints
    assert len(positions) >= 32
    assert tuple(positions[0]) == found.start[:2]
    assert distances(positions, found.lines[found.blocking]).min() >= 0.6 * METRE
    if len(found.solids):
        away = np.linalg.norm(positions[:, None] - found.solids[None, :, :2], axis=-1) - found.solids[:, 2]
        assert away.min() >= 0.6 * METRE
        assert away[0].min() >= METRE
    reach = np.linalg.norm(positions[1:] - positions[0], axis=-1)
    assert reach.min() >= METRE
    assert reach.max() <= 15.0 * METRE
    under = sectors_at(found, positions)
    assert np.all(under >= 0)
    assert np.all((found.floor_heights[under] >= 0.0) & (found.floor_heights[under] <= 4.0))
    assert np.all(found.ceiling_heights[under] >= 56.0)


@pytest.mark.parametrize(("family", "seed", "difficulty"), CASES)
def test_lines_block_where_a_body_cannot_pass(family: str, seed: int, difficulty: str) -> None:
    found = place(family, seed, difficulty)
    front, back = found.line_sides.T
    one_sided = back < 0
    step = np.abs(found.floor_heights[front] - found.floor_heights[back])
    opening = np.minimum(found.ceiling_heights[front], found.ceiling_heights[back]) - np.maximum(
        found.floor_heights[front], found.floor_heights[back]
    )
    assert np.all(found.blocking[one_sided | (step > 12.0) | (opening < 56.0)])
    passable = ~found.blocking
    assert np.all(step[passable] <= 4.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_arguments_give_equal_bytes(family: str) -> None:
    first, again = build(family, 3), build(family, 3)
    assert first.wad == again.wad
    assert first.caption == again.caption
    assert np.array_equal(first.waypoints, again.waypoints)
    assert build(family, 4).wad != first.wad


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wad_has_all_lumps_that_the_engine_needs(family: str) -> None:
    found = lumps(place(family, 0, "full").wad)
    assert len(found["PLAYPAL"]) == 14 * 768
    assert len(found["COLORMAP"]) == 34 * 256
    assert found["BEHAVIOR"].startswith(b"ACS\0")
    for name in (
        b"ACTOR Walker0 ",
        b"ACTOR Bird0 ",
        b"ACTOR Tree0 ",
        b"ACTOR Lamp0 ",
        b"ACTOR Visitor ",
        b"ACTOR Bonfire ",
    ):
        assert name in found["DECORATE"]
    for texture in set(found["TEXTMAP"].decode().split('"')[1::2]) - {"zdoom", "F_SKY1"}:
        assert found[texture].startswith(b"\x89PNG")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_simple_place_has_nobody_and_a_full_one_has_walkers(family: str) -> None:
    def movers(difficulty: str) -> int:
        text = lumps(place(family, 0, difficulty).wad)["TEXTMAP"].decode()
        return sum(f"type={20000 + look};" in line for line in text.splitlines() for look in range(6))

    assert movers("simple") == 0
    assert 4 <= movers("full") <= 10


@pytest.mark.parametrize("family", FAMILIES)
def test_captions_are_one_sentence(family: str) -> None:
    caption = place(family, 0, "full").caption
    assert caption.endswith(".")
    assert caption.count(".") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("castle", 0),
            "family must be one of ['rooms', 'city', 'courtyard', 'park', 'warehouse', 'joined'], got 'castle'",
        ),
        (("city", 0, "hard"), "difficulty must be one of ['simple', 'medium', 'full'], got 'hard'"),
        (("city", -1), "seed must be at least 0, got -1"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments: tuple[str, int], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        build(*arguments)
    assert str(caught.value) == message
