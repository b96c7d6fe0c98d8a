"""`film-things`: crops of the twin's people, fires and objects from all sides, cut out by exact masks. Can be resumed.

Each thing is put on free ground in a simple place and filmed from spots around it, wholly in view.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.sight import rays_of
from wm_gym.backends.twin import acs
from wm_gym.backends.twin.engine import fixed
from wm_gym.backends.twin.messages import Action, Advance, Rendered
from wm_gym.backends.twin.opening import open_place
from wm_gym.backends.twin.simulator import Simulator
from wm_gym.backends.twin.site import Site, site_of
from wm_gym.choices import check_choice
from wm_gym.entities.crops import WINDOWS, box_of, crop_of, viewing_angle
from wm_gym.geometry.motion import camera_pose
from wm_gym.scenes.families import FAMILIES
from wm_gym.train_world.data.filming import UNITS, film_places, place_of, setup_of
from wm_gym.train_world.data.splits import SPLITS

_HEIGHT, _WIDTH = 192, 256
_FRAMES_BEFORE, _MOST_MISSES = 4, 3
_AHEAD_METRES = 2.2


@dataclass(frozen=True)
class _Subject:
    """How things of one kind are filmed.

    Attributes:
        kind: A key of `WINDOWS`.
        actors: Actors of the engine.
        metres: Nearest and farthest viewpoint.
        least_rows: Least height of a crop in the picture, pixels.
        each: How many of the actors are filmed in a place.
        are_alike: Whether all of its things look alike.
        is_placed: Whether it stands where it is put, turned by chance; else it is summoned, and may walk away.
        height_metres: Of its foot over the ground.
    """

    kind: str
    actors: tuple[str, ...]
    metres: tuple[float, float] = (2.5, 6.0)
    least_rows: int = 40
    each: int = 99
    are_alike: bool = False
    is_placed: bool = True
    height_metres: float = 0.0


_SUBJECTS = (
    _Subject("walker", (*(f"Walker{look}" for look in range(6)), "Visitor"), is_placed=False),
    _Subject("bonfire", ("Bonfire",), are_alike=True, is_placed=False),
    _Subject("crate", tuple(f"PlacedCrate{look}" for look in range(acs.NUM_CRATES)), least_rows=34, each=2),
    _Subject("car", tuple(f"PlacedCar{look}" for look in range(acs.NUM_CARS)), (4.5, 9.0), 34, each=3),
    _Subject("birds", ("PlacedBird",), (2.5, 5.0), 24, are_alike=True, height_metres=0.8),
    _Subject("lamp_post", ("PlacedLamp",), (5.0, 9.0), are_alike=True),
    _Subject("tree", tuple(f"PlacedTree{look}" for look in range(acs.NUM_TREES)), (8.5, 13.0), each=2),
)
_LOOKS = tuple(actor for subject in _SUBJECTS for actor in subject.actors)
_THING_ID = acs.FIRST_OBJECT_TID


@dataclass
class FilmThingsConfig:
    """What is filmed.

    Attributes:
        output: Folder of the crops, a file for each place.
        split: Split of the maps, "train" or "test".
        places: Maps; families take turns.
        first: Number of the first map.
        shots: Shots of each thing that are tried.
        looks: Actors of the engine that are filmed.
        seed: Seed of all choices.
    """

    output: str = "outputs/things/train"
    split: str = "train"
    places: int = 60
    first: int = 0
    shots: int = 16
    looks: list[str] = field(default_factory=lambda: list(_LOOKS))
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("split", self.split, SPLITS)
        for name in ("places", "shots"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not set(self.looks) <= set(_LOOKS):
            raise ValueError(f"looks must be among {list(_LOOKS)}, got {self.looks}")


def film_things(config: FilmThingsConfig) -> str:
    """Film the places that are missing; returns a summary, one line.

    Raises:
        ValueError: If the folder cannot be written to.
        RuntimeError: If the engine died or the disk is full.
    """
    folder = film_places(
        config.output, config.first, config.places, lambda simulator, number: _Studio(simulator, config, number).film()
    )
    return f"crops of {config.places} places are in {folder}"


class _Studio:
    """One place whose camera goes where it is wanted."""

    def __init__(self, simulator: Simulator, config: FilmThingsConfig, number: int) -> None:
        self._simulator, self._config, self._number = simulator, config, number
        self._rng = np.random.default_rng([config.seed, number, 77])
        place = place_of(config.split, number, FAMILIES[number % len(FAMILIES)], "simple")
        self._site: Site = site_of(place.family, place.seed, place.difficulty)
        opening = open_place(place, _HEIGHT, _WIDTH)
        self._spots = opening.waypoints.numpy().astype(np.float64)
        self._intrinsics = opening.intrinsics.numpy().astype(np.float64)
        self._setup = setup_of(place, opening, int(self._rng.integers(2**20)), _HEIGHT, _WIDTH)
        self._frame = 0

    def film(self) -> dict[str, NDArray[Any]]:
        """Crops (M, 48, 32, 4) with kind, angle, phase and look of each."""
        rows: list[tuple[NDArray[np.uint8], int, float, float, int]] = []
        self._shoot(np.zeros(2), 0.0)
        for subject in _SUBJECTS:
            wanted = [actor for actor in subject.actors if actor in self._config.looks]
            for look in self._rng.permutation(wanted)[: subject.each].tolist():
                identity = -1 if subject.are_alike else self._number * len(_LOOKS) + _LOOKS.index(look)
                with suppress(RuntimeError):  # the engine refuses spots that it finds too narrow
                    filmed = (
                        self._film_placed(look, subject) if subject.is_placed else self._film_summoned(look, subject)
                    )
                    rows += [(*one, identity) for one in filmed]
        names = ("rgba", "kind", "angle", "phase", "look")
        columns = zip(*rows, strict=True) if rows else [[]] * len(names)
        return {name: np.array(column) for name, column in zip(names, columns, strict=True)}

    def _film_summoned(self, look: str, subject: _Subject) -> list[tuple[NDArray[np.uint8], int, float, float]]:
        spot, yaw = self._free_stance()
        self._shoot(spot, yaw)  # console commands run before the script that places the camera
        self._shoot(spot, yaw, (f"summon {look}",))
        return self._film_round(look, subject, spot + _AHEAD_METRES * _unit(yaw))

    def _film_placed(self, look: str, subject: _Subject) -> list[tuple[NDArray[np.uint8], int, float, float]]:
        at = self._spots[self._rng.integers(len(self._spots))]
        x, y, z = (fixed(float(v)) for v in self._foot(at, subject.height_metres))
        self._shoot(self._spots[0], 0.0, (f"puke -{acs.SPAWN[look]} {x} {y} {z} {_THING_ID}",))
        made = self._film_round(look, subject, at)
        self._shoot(self._spots[0], 0.0, (f"puke -{acs.REMOVE} {_THING_ID}",))
        return made

    def _foot(self, at: NDArray[np.float64], height_metres: float) -> NDArray[np.float64]:
        """Map units of a point over the ground of a spot of the world frame."""
        x, y, _ = self._site.frame.map_from_world(np.array([*at, 0.0]))
        floor = self._site.surfaces.floors[self._site.surfaces.sector_at(x, y)]
        return np.array([x, y, floor + height_metres * UNITS[2]])

    def _film_round(
        self, look: str, subject: _Subject, at: NDArray[np.float64]
    ) -> list[tuple[NDArray[np.uint8], int, float, float]]:
        """Crops of the thing of a class that is nearest to a spot, from spots around it."""
        kind, born, misses, made = subject.kind, self._frame - 1, 0, []
        for _ in range(self._config.shots):
            here = self._viewpoint(at, subject)
            if here is None or misses > _MOST_MISSES:
                break
            jitter, yaw = self._rng.uniform(-0.12, 0.12), int(self._rng.integers(2**16))
            turn = (f"puke -{acs.TURN} {_THING_ID} {yaw}",) if subject.is_placed else ()
            rendered, pose = self._shoot(here, float(np.arctan2(*(at - here)[::-1])) + jitter, turn)
            found = _nearest(rendered, look, self._site, at)
            if found is None:
                misses += 1
                continue
            number, foot, heading = found
            at = self._site.frame.world_from_map(foot[None] * UNITS)[0, :2]
            age = self._frame - 1 - born
            rgba = None if age < _FRAMES_BEFORE else self._crop(rendered, number, subject, foot, pose)
            if rgba is not None:
                angle, period = viewing_angle(heading, foot, pose[:3, 3]), WINDOWS[kind].period_frames
                made.append((rgba, list(WINDOWS).index(kind), angle, age % period / period))
        return made

    def _shoot(
        self, spot: NDArray[np.float64], yaw: float, commands: tuple[str, ...] = ()
    ) -> tuple[Rendered, NDArray[np.float64]]:
        """One frame from a spot of the world frame, and its camera (4, 4) in map metres."""
        x, y, z = (float(v) for v in self._site.frame.map_from_world(np.array([*spot, 0.0])))
        turned = yaw + self._site.frame.heading_radians
        action = Action((x, y, z), turned, 0.0, commands)
        request = Advance(self._setup, self._frame == 0, (action,), (), self._frame, saves=False)
        self._frame += 1
        eye = np.array([x, y, z]) / UNITS
        return self._simulator.advance(request), camera_pose(np.array([*eye, turned, 0.0]))

    def _crop(
        self, rendered: Rendered, number: int, subject: _Subject, foot: NDArray[np.float64], pose: NDArray[np.float64]
    ) -> NDArray[np.uint8] | None:
        """(48, 32, 4) uint8 of a thing that is wholly in view and large enough, or None."""
        found = box_of(subject.kind, foot, pose[:3, 3], rays_of(pose[:3, :3], self._intrinsics))
        if found is None:
            return None
        (left, top, right, bottom), depth = found
        if left < 0 or top < 0 or right > _WIDTH or bottom > _HEIGHT or bottom - top < subject.least_rows:
            return None
        mask = rendered.instances[0] == number
        window = slice(int(top), int(np.ceil(bottom))), slice(int(left), int(np.ceil(right)))
        # the floor before its feet is nearer than the thing and hides nothing
        below = WINDOWS[subject.kind].below_share * (bottom - top)
        above = np.arange(window[0].start, window[0].stop)[:, None] < bottom - below
        nearer = (rendered.drawn.depth[0][window] < depth - 0.1) & ~mask[window] & above
        if nearer.any() or mask[window].mean() < 0.05 or mask.sum() > mask[window].sum():
            return None
        return crop_of(rendered.drawn.frames[0], mask, (left, top, right, bottom))

    def _free_stance(self) -> tuple[NDArray[np.float64], float]:
        """A spot and a yaw with free ground ahead."""
        spot, yaw = self._spots[0], 0.0
        for _ in range(60):
            spot, yaw = self._spots[self._rng.integers(len(self._spots))], float(self._rng.uniform(-np.pi, np.pi))
            way = spot + np.linspace(0, 3.2, 12)[:, None] * _unit(yaw)
            if not self._site.obstacles.blocked(way, 0.6).any():
                break
        return spot, yaw

    def _viewpoint(self, target: NDArray[np.float64], subject: _Subject) -> NDArray[np.float64] | None:
        """A free spot around a target with nothing between, or None."""
        for _ in range(40):
            away = self._rng.uniform(*subject.metres) * _unit(self._rng.uniform(0, 2 * np.pi))
            way = target + away - np.linspace(0, 0.85, 24)[:, None] * away
            obstacles = self._site.obstacles
            if not obstacles.blocked((target + away)[None], 0.4).any() and not obstacles.blocked(way, 0.1).any():
                return target + away
        return None


def _nearest(
    rendered: Rendered, look: str, site: Site, at: NDArray[np.float64]
) -> tuple[int, NDArray[np.float64], float] | None:
    """Number, foot in map metres and heading of the actor of a class that is nearest to a spot of the world frame."""
    here = site.frame.map_from_world(np.array([*at, 0.0]))[:2]
    shown = [
        (float(np.hypot(*(poses[0, :2] - here))), number)
        for number, poses in rendered.instance_poses.items()
        if rendered.instance_names[number] == look and np.isfinite(poses[0, 0])
    ]
    if not shown:
        return None
    number = min(shown)[1]
    pose = rendered.instance_poses[number][0]
    return number, pose[:3] / UNITS, float(pose[3])


def _unit(radians: float) -> NDArray[np.float64]:
    return np.array([np.cos(radians), np.sin(radians)])
