"""`film-pairs`: clean frames of the twin from many viewpoints, each under several sets of events. Can be resumed.

One pass of the engine gives any number of sets, and outside their masks frames are equal to the byte. Fires give their
light alone: what burns is drawn as a thing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.sight import FrameEvent
from wm_gym.backends.twin.frame import UNITS_UP
from wm_gym.backends.twin.messages import Action, Advance, Drawn, Effect, EpisodeSetup
from wm_gym.backends.twin.opening import open_place
from wm_gym.backends.twin.simulator import Simulator
from wm_gym.backends.twin.site import Site, site_of
from wm_gym.choices import check_choice
from wm_gym.events.kinds import KINDS, OBJECTS
from wm_gym.scenes.families import FAMILIES
from wm_gym.train_world.data.filming import UNITS, film_places, place_of, setup_of
from wm_gym.train_world.data.splits import SPLITS

DRAWN = tuple(kind for kind in KINDS if kind != "walker" and kind not in OBJECTS)
"""Kinds that change a frame by light, weather or particles."""
LOCAL = tuple(kind for kind in DRAWN if not KINDS[kind].is_global)
"""Those that happen in one place."""
_DIFFICULTIES = ("full", "medium", "full", "simple")
_NEAR_METRES, _FAR_METRES = 2.0, 14.0
_NEARER, _TRIES = 0.8, 12
_BURST_RISE, _LAMPS_OFF_SHARE = 0.42, 0.5
_ROOM_TO_CEILING_METRES = 1.1


@dataclass
class FilmPairsConfig:
    """What is filmed.

    Attributes:
        output: Folder of the pairs, a file for each place.
        split: Split of the maps, "train" or "test".
        places: Maps; families take turns.
        first: Number of the first map.
        views: Viewpoints in each.
        sets: Sets of events for each viewpoint.
        together: Shares of sets with one, two and three events.
        chained: Whether every second set is the one before it with one event more.
        height: Rows of a frame.
        width: Columns of a frame.
        seed: Seed of all choices.
    """

    output: str = "outputs/pairs/train"
    split: str = "train"
    places: int = 60
    first: int = 0
    views: int = 16
    sets: int = 8
    together: list[float] = field(default_factory=lambda: [0.6, 0.25, 0.15])
    chained: bool = False
    height: int = 48
    width: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("split", self.split, SPLITS)
        for name in ("places", "views", "sets"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.together or min(self.together) < 0 or not sum(self.together) > 0:
            raise ValueError(f"together must be shares, got {self.together}")


def film_pairs(config: FilmPairsConfig) -> str:
    """Film the places that are missing; returns a summary, one line.

    Raises:
        ValueError: If the folder cannot be written to.
        RuntimeError: If the engine died or the disk is full.
    """
    film = partial(_film_place, config)
    folder = film_places(config.output, config.first, config.places, film)
    return f"{config.places} places with {config.views} views of {config.sets} sets each are in {folder}"


def _film_place(config: FilmPairsConfig, simulator: Simulator, number: int) -> dict[str, NDArray[Any]]:
    """The arrays of one place: clean frames, their geometry, and the frames under each set of events."""
    rng = np.random.default_rng([config.seed, number, 78])
    family = FAMILIES[number % len(FAMILIES)]
    difficulty = _DIFFICULTIES[number // len(FAMILIES) % len(_DIFFICULTIES)] if config.split == "train" else "full"
    place = place_of(config.split, number, family, difficulty)
    site, opening = site_of(place.family, place.seed, place.difficulty), open_place(place, config.height, config.width)
    setup = setup_of(place, opening, int(rng.integers(2**20)), config.height, config.width)
    views = [
        _film_view(simulator, setup, site, opening.waypoints.numpy().astype(np.float64), config, rng, k)
        for k in range(config.views)
    ]
    arrays = {name: np.stack([view[name] for view in views]) for name in views[0] if name != "note"}
    note = {
        "family": family, "place": asdict(place), "intrinsics": opening.intrinsics.tolist(),
        "lamps": (site.place.lamps / UNITS).reshape(-1, 3).tolist(), "events": [view["note"] for view in views],
    }  # fmt: skip
    return arrays | {"note": np.frombuffer(json.dumps(note).encode(), np.uint8)}


def _film_view(
    simulator: Simulator, setup: EpisodeSetup, site: Site, spots: NDArray[np.float64], config: FilmPairsConfig,
    rng: np.random.Generator, k: int,
) -> dict[str, Any]:  # fmt: skip
    spot = spots[rng.integers(len(spots))] if k else np.zeros(2)
    yaw, pitch = (rng.uniform(-np.pi, np.pi), rng.uniform(-0.25, 0.25) if k % 3 == 2 else 0.0) if k else (0.0, 0.0)
    x, y, z = (float(v) for v in site.frame.map_from_world(np.array([*spot, 0.0])))
    action = Action((x, y, z), yaw + site.frame.heading_radians, pitch)
    sets = _draw_sets(site, np.array([*spot, 0.0]), yaw, config, rng)
    alternatives = tuple(tuple(_effect(event) for event in one) for one in sets)
    rendered = simulator.advance(Advance(setup, k == 0, (action,), (), k, saves=False, alternatives=alternatives))
    return {
        "clean": rendered.drawn.frames[0],
        "depth": rendered.drawn.depth[0].astype(np.float16),
        "eye": np.array([x, y, z]) / UNITS,
        "yaw": np.float64(action.yaw_radians),
        "pitch": np.float64(pitch),
        "target": np.stack([one.frames[0] for one in rendered.alternatives]),
        "target_depth": np.stack([one.depth[0] for one in rendered.alternatives]).astype(np.float16),
        "outdoors": np.bool_(_is_outdoors(site, x, y)),
        "masks": np.stack([_masks(one) for one in rendered.alternatives]),
        "visible": np.stack([_visible(one) for one in rendered.alternatives]),
        "note": [[asdict(event) for event in one] for one in sets],
    }


def _is_outdoors(site: Site, x: float, y: float) -> bool:
    """Whether a spot of the map, in map units, lies under the open sky."""
    sector = site.surfaces.sector_at(x, y)
    return bool(sector >= 0 and site.surfaces.sky[sector])


def _masks(drawn: Drawn) -> NDArray[np.uint8]:
    """(L, H, W / 8): the pixels that each kind of `LOCAL` changes, packed."""
    nothing = np.zeros(drawn.depth.shape[1:], np.bool_)
    return np.stack(
        [np.packbits(drawn.event_masks[kind][0] if kind in drawn.event_masks else nothing, axis=-1) for kind in LOCAL]
    )


def _visible(drawn: Drawn) -> NDArray[np.float32]:
    """(K,): the share of the frame that each kind of `DRAWN` changes."""
    return np.array([drawn.event_masks[k][0].mean() if k in drawn.event_masks else 0.0 for k in DRAWN], np.float32)


def _draw_sets(
    site: Site, eye: NDArray[np.float64], yaw: float, config: FilmPairsConfig, rng: np.random.Generator
) -> list[list[FrameEvent]]:
    sets: list[list[FrameEvent]] = []
    for number in range(config.sets):
        if config.chained and number % 2:
            sets.append(_with_another(sets[-1], site, eye, yaw, rng))
        else:
            sets.append(_draw_set(site, eye, yaw, config, rng))
    return sets


def _with_another(
    before: list[FrameEvent], site: Site, eye: NDArray[np.float64], yaw: float, rng: np.random.Generator
) -> list[FrameEvent]:
    """A set with one event more, of another group than any in it; at night the lamps often go out."""
    kinds = {one.kind for one in before}
    groups = {KINDS[kind].group for kind in kinds} - {None}
    free = [kind for kind in DRAWN if kind not in kinds and KINDS[kind].group not in groups]
    goes_dark = "lamps_off" in free and kinds & {"night", "lamps_on"} and rng.random() < _LAMPS_OFF_SHARE
    return [*before, _draw_event("lamps_off" if goes_dark else str(rng.choice(free)), site, eye, yaw, rng)]


def _draw_set(
    site: Site, eye: NDArray[np.float64], yaw: float, config: FilmPairsConfig, rng: np.random.Generator
) -> list[FrameEvent]:
    """Events of different groups, each at a strength and an age of its own."""
    shares = np.array(config.together) / sum(config.together)
    count = 1 + int(rng.choice(len(shares), p=shares))
    events: list[FrameEvent] = []
    for kind in rng.permutation(DRAWN):
        if len(events) == count:
            break
        group = KINDS[kind].group
        if group is not None and group in [KINDS[one.kind].group for one in events]:
            continue
        events.append(_draw_event(str(kind), site, eye, yaw, rng))
    return events


def _draw_event(kind: str, site: Site, eye: NDArray[np.float64], yaw: float, rng: np.random.Generator) -> FrameEvent:
    strength = 1.0 if rng.random() < 0.5 else float(rng.uniform(0.03, 1.0))
    age = int(rng.integers(0, {"explosion": 60, "fireworks": 60}.get(kind, 220)))
    seed = int(rng.integers(1, 2**20))
    if kind not in LOCAL:
        return FrameEvent(kind, strength, age, seed)
    position, outdoors = _draw_position(kind, site, eye, yaw, rng)
    return FrameEvent(kind, strength, age, seed, position, outdoors)


def _draw_position(
    kind: str, site: Site, eye: NDArray[np.float64], yaw: float, rng: np.random.Generator
) -> tuple[tuple[float, float, float], bool]:
    """A spot in view on the ground, or in the air for fireworks, map metres; and whether it lies under the sky."""
    distance, turn = rng.uniform(_NEAR_METRES, _FAR_METRES), yaw + rng.uniform(-0.5, 0.5)
    along = np.array([np.cos(turn), np.sin(turn)])
    distances = distance * _NEARER ** np.arange(_TRIES)
    spots = eye[:2] + distances[:, None] * along
    free = np.flatnonzero(~site.obstacles.blocked(spots, 0.3))
    chosen = int(free[0]) if len(free) else _TRIES - 1
    away, distance = spots[chosen], float(distances[chosen])
    spot = site.frame.map_from_world(np.array([*away, 0.0]))
    sector, outdoors = site.surfaces.sector_at(spot[0], spot[1]), _is_outdoors(site, spot[0], spot[1])
    z = float(site.surfaces.floors[sector])
    if kind == "fireworks":
        rise = float(site.frame.map_from_world(np.array([*away, _BURST_RISE * distance]))[2])
        z = rise if outdoors else min(rise, float(site.surfaces.ceilings[sector]) - _ROOM_TO_CEILING_METRES * UNITS_UP)
    x, y, z = (float(v) for v in np.array([spot[0], spot[1], z]) / UNITS)
    return (x, y, z), outdoors


def _effect(event: FrameEvent) -> Effect:
    position = None
    if event.position is not None:
        x, y, z = (float(value) for value in np.array(event.position) * UNITS)
        position = x, y, z
    return Effect(event.kind, (event.strength,), event.age_frames, event.seed, 0, position)
