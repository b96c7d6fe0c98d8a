"""Films of two minutes of generated worlds, one of each family, in held-out places of the twin.

    python examples/draw_films.py --opening grounded --out outputs/films
    python examples/draw_films.py --opening cold --families city park --ways keys --out outputs/cold_films

Ways: "explorer", a scripted tour as far out as half of the steps lead, then home along its trail, and out again if
time is left; "keys", the keys that a new user would press: ahead with turns, a stop, a look all round, a run at a wall
and on against it, along it, back, and so on. The body is stopped by what memory holds, as in play; of the twin there is
the opening alone (32 keyframes, or one chunk) and, for the explorer, waypoints that set directions.

WAY_FAMILY.mp4: what is generated, large; at its right what memory knew of it before the step (chequered where nothing)
above the depth. In real time; every second frame is shown (`--every`), hints and depth of each step's last frame. Each
film is as fine as fits into `--kilobytes`. WAY_FAMILY.png: 24 generated frames evenly over the film, row by row, as
they were made; rows begin at the second that is written beside them.

films.json, flat, each name after WAY_FAMILY_: `step_ms_40_60`, `step_ms_480_500`, `step_ms_end` (the last 20): median
milliseconds of `World.step`; `memory_points_50`, `memory_bytes_50`, `memory_points_end`, `memory_bytes_end`: points
and bytes after so many steps; `farthest_metres` from the start; `bumped_share` of steps; `film_bytes`, `film_crf`.
null: the film is too short. And `preset_hash`, `opening`, `steps`, `seed`.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from tqdm import tqdm

from wm_gym.agents.explorer import Explorer
from wm_gym.backends.registry import load_backend
from wm_gym.backends.twin.model import open_place
from wm_gym.evaluation.openings import OPENINGS, openings_in
from wm_gym.evaluation.pictures import contact_sheet, enlarge, paint_depth, paint_hints
from wm_gym.evaluation.preset import preset_hash
from wm_gym.files.video import VideoWriter
from wm_gym.geometry.motion import KEYS, velocities_from_keys
from wm_gym.memory.memory import Memory
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import FAMILIES
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.scenes.places import find_place
from wm_gym.train_world.data.splits import nth_seed
from wm_gym.world.state import Outcome
from wm_gym.world.world import World
from wm_gym.world_model import Opening, Place

FIRST_PLACE = 100
"""Place numbers begin here, as those of `benchmarks/fidelity.py`."""
EARLY_STEP, TIMED_STEPS = 50, 20
FULL_TURN_STEPS = 20  # 4 frames of 4.5 degrees each
SHEET_ROWS, SHEET_COLUMNS = 4, 6
FINEST_CRF, COARSEST_CRF = 20, 51
Pilot = Callable[[np.ndarray], np.ndarray]
"""From the stance (5,) of the body to its next twist (4,)."""


@dataclass(frozen=True)
class Segment:
    """Keys that are held together.

    Attributes:
        keys: Letters of `geometry.motion.KEYS`; empty for a stop.
        steps: For so long.
    """

    keys: str
    steps: int


def key_script(seed: int, steps: int) -> list[Segment]:
    """What a new user presses in so many steps: rounds of `one_round`, the last of them cut off."""
    rng, script = np.random.default_rng(seed), list[Segment]()
    while steps > 0:
        for segment in one_round(rng):
            held = min(segment.steps, steps)
            steps -= held
            script += [Segment(segment.keys, held)] if held else []
    return script


def one_round(rng: np.random.Generator) -> list[Segment]:
    """Wander, stop, look all round, run at a wall and on against it, along it, back, and home about as far."""

    def some(fewest: int, most: int) -> int:
        return int(rng.integers(fewest, most + 1))

    side, turn = str(rng.choice(["A", "D"])), str(rng.choice(["J", "L"]))
    bends = [str(rng.choice(["WJ", "WL"])) for _ in range(some(2, 4))]
    run = some(24, 32)
    return [
        *(Segment(keys, some(3, 9)) for bend in bends for keys in ("W", bend)),
        Segment("", some(3, 6)),
        Segment(turn, FULL_TURN_STEPS),
        Segment("W", run),
        Segment("W" + side, some(4, 8)),
        Segment(side, some(6, 12)),
        Segment(turn, FULL_TURN_STEPS // 2),
        Segment("W", run),
    ]


def key_pilot(seed: int, steps: int) -> Pilot:
    """Presses the keys of the script, wherever it is."""
    held = [segment.keys for segment in key_script(seed, steps) for _ in range(segment.steps)]
    pressed = iter(velocities_from_keys(np.array([[key in keys for key in KEYS] for keys in held])))
    return lambda body_pose: next(pressed)


@dataclass
class Trip:
    """What is kept of a walk: all frames (T, H, W, 3), and of each step the last hint and depth as pictures."""

    frames: list[np.ndarray] = field(default_factory=list)
    hints: list[np.ndarray] = field(default_factory=list)
    depths: list[np.ndarray] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    body_poses: list[np.ndarray] = field(default_factory=list)
    bumps: int = 0
    figures: dict[str, float | None] = field(default_factory=dict)

    def add(self, outcome: Outcome, milliseconds: float) -> None:
        """Keep one step."""
        assert outcome.chunk.depth is not None
        self.frames += list(outcome.chunk.frames[0].cpu().numpy())
        colour, seen = outcome.hints.colour[0, -1].cpu().numpy(), outcome.hints.seen[0, -1].cpu().numpy()
        self.hints.append(paint_hints(colour, seen))
        self.depths.append(paint_depth(outcome.chunk.depth[0, -1].cpu().numpy()))
        self.milliseconds.append(milliseconds)
        self.body_poses.append(outcome.body_poses[0, -1])
        self.bumps += outcome.collided[0]

    def weigh(self, memory: Memory, name: str) -> None:
        """Note points and bytes of the memory under a name."""
        self.figures[f"memory_points_{name}"] = memory.num_static + memory.num_sky + memory.num_moving
        self.figures[f"memory_bytes_{name}"] = memory.nbytes

    def summary(self) -> dict[str, float | None]:
        """All figures of the walk."""
        steps, farthest = (
            len(self.body_poses),
            max(float(np.linalg.norm(body_pose[:2])) for body_pose in self.body_poses),
        )
        return {
            "step_ms_40_60": self._median_ms(40, 60),
            "step_ms_480_500": self._median_ms(480, 500),
            "step_ms_end": self._median_ms(max(0, steps - TIMED_STEPS), steps),
            "memory_points_50": None,
            "memory_bytes_50": None,
            **self.figures,
            "farthest_metres": farthest,
            "bumped_share": self.bumps / steps,
        }

    def _median_ms(self, first: int, stop: int) -> float | None:
        return float(np.median(self.milliseconds[first:stop])) if stop <= len(self.milliseconds) else None


def travel(world: World, opening: Opening, pilot: Pilot, steps: int, seed: int, bar: tqdm) -> Trip:
    """One trajectory through a generated world."""
    trip, (state, _) = Trip(), world.start([opening], [seed])
    for step in range(1, steps + 1):
        twists = np.tile(pilot(state.body_poses[0]), (1, world.model.spec.frames_per_step, 1))
        began = time.perf_counter()
        state, outcome = world.step(state, twists)
        trip.add(outcome, 1e3 * (time.perf_counter() - began))
        if step == EARLY_STEP:
            trip.weigh(state.memories[0], str(EARLY_STEP))
        bar.update()
    trip.weigh(state.memories[0], "end")
    return trip


class CoarseFilm(VideoWriter):
    """A film of chosen coarseness, packed as small as the codec can in reasonable time."""

    def __init__(self, path: Path, fps: float, size: Sequence[int], crf: int) -> None:
        super().__init__(path, fps, *size)
        self._stream.options = {"crf": str(crf), "preset": "slower"}
        self._stream.thread_count = 1


def panels(trip: Trip, frame: int) -> np.ndarray:
    """A frame of a trip, enlarged four times, beside its step's hint above its depth, enlarged twice."""
    step = frame * len(trip.hints) // len(trip.frames)
    side = np.concatenate([enlarge(trip.hints[step], 2), enlarge(trip.depths[step], 2)])
    return np.concatenate([enlarge(trip.frames[frame], 4), side], axis=1)


def save_film(path: Path, trip: Trip, fps: float, every: int, most_bytes: int) -> dict[str, float | None]:
    """The finest film that fits: its bytes and its constant rate factor."""
    fine, coarse = FINEST_CRF, COARSEST_CRF
    while fine <= coarse:
        crf = (fine + coarse) // 2
        if _encode(path, trip, fps, every, crf) > most_bytes:
            fine = crf + 1
        else:
            coarse = crf - 1
    size = _encode(path, trip, fps, every, min(fine, COARSEST_CRF))
    return {"film_bytes": size, "film_crf": min(fine, COARSEST_CRF)}


def _encode(path: Path, trip: Trip, fps: float, every: int, crf: int) -> int:
    with CoarseFilm(path, fps / every, panels(trip, 0).shape[:2], crf) as film:
        for frame in range(0, len(trip.frames), every):
            film.add(panels(trip, frame))
    return path.stat().st_size


def save_sheet(path: Path, trip: Trip, fps: float) -> None:
    """Frames evenly over the trip."""
    chosen = np.linspace(0, len(trip.frames) - 1, SHEET_ROWS * SHEET_COLUMNS).astype(int)
    rows = [
        (f"{row[0] / fps:.0f} s", [enlarge(trip.frames[k], 2) for k in row])
        for row in chosen.reshape(SHEET_ROWS, SHEET_COLUMNS)
    ]
    contact_sheet(rows, margin=36).save(path)


def pilot_of(way: str, place: Place, steps: int, size: tuple[int, int]) -> Pilot:
    """Who walks; choices come from the place's number."""
    if way == "keys":
        return key_pilot(place.seed, steps)
    return Explorer(open_place(place, *size).waypoints.numpy(), place.seed, max(1, steps // 2)).act


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="of the video model; without, those that are shipped")
    parser.add_argument("--size", default="48x64", metavar="HxW")
    parser.add_argument("--steps", type=int, default=500, help="of 4 frames, 17.5 frames a second")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--ways", nargs="+", choices=("explorer", "keys"), default=["explorer", "keys"])
    parser.add_argument("--opening", choices=tuple(OPENINGS), default="grounded")
    parser.add_argument("--seed", type=int, default=0, help="chooses the places, and with them all else")
    parser.add_argument("--every", type=int, default=2, help="frames for each frame that is shown")
    parser.add_argument("--kilobytes", type=int, default=445, help="of 1000 bytes, that a film may have at most")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    return parser.parse_args()


def main() -> None:
    """Walk, write the videos, and the figures after every one."""
    asked = read_arguments()
    torch.set_num_threads(1)
    height, width = (int(number) for number in asked.size.split("x"))
    settings = {"weights": asked.weights} if asked.weights else {}
    world = World(load_backend("video", height, width, **settings))
    twin = World(load_backend("twin", FINER * height, FINER * width))
    fps = world.model.spec.fps
    asked.out.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {"preset_hash": preset_hash(world)}
    figures |= {name: getattr(asked, name) for name in ("opening", "steps", "seed")}
    with progress_bar(total=len(asked.families) * len(asked.ways) * asked.steps, unit="step", smoothing=0.01) as bar:
        for family in asked.families:
            number = FIRST_PLACE + len(FAMILIES) * asked.seed + FAMILIES.index(family)
            place = find_place(f"{family}/{nth_seed('test', number)}", 0, "full")
            opening = openings_in(world.model.spec, twin, place)[asked.opening]
            for way in asked.ways:
                name = f"{way}_{family}"
                bar.set_description(name)
                pilot = pilot_of(way, place, asked.steps, (height, width))
                trip = travel(world, opening, pilot, asked.steps, place.seed, bar)
                bar.set_description(f"{name}: packing")
                made = trip.summary() | save_film(
                    asked.out / f"{name}.mp4", trip, fps, asked.every, 1000 * asked.kilobytes
                )
                save_sheet(asked.out / f"{name}.png", trip, fps)
                figures |= {f"{name}_{key}": value for key, value in made.items()}
                (asked.out / "films.json").write_text(json.dumps(figures, indent=2) + "\n")
    for one in (world, twin):
        one.close()


if __name__ == "__main__":
    main()
