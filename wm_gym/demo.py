"""`wm-gym demo`: open a world, walk a tour that ends where it began, and show and measure what was seen."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from wm_gym.agents.tour import Tour, TourConfig
from wm_gym.backends.places import find_place, open_world
from wm_gym.backends.registry import load_backend
from wm_gym.backends.seam import Chunk, Place
from wm_gym.backends.whole_file import write_whole
from wm_gym.evaluation.fidelity import depth_absrel, known_share, psnr_db
from wm_gym.evaluation.film import Film
from wm_gym.evaluation.pictures import contact_sheet, enlarge, paint_depth, paint_hints, paint_map
from wm_gym.memory.cloud import point_cloud
from wm_gym.reconstruction.ply import write_ply
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World


@dataclass
class DemoConfig:
    """What to show.

    Attributes:
        world: A family of places, or "family/number".
        seed: Of the place, where its name gives none, and of the tour.
        difficulty: "simple", "medium" or "full".
        backend: Who makes the frames.
        height: Rows of a frame.
        width: Columns of a frame.
        steps_out: Steps of the tour before it turns home.
        output: Folder of the results.
        enlarge: Film pixels for each pixel of a frame; an even number.
        sheet_columns: Pictures in a row of the contact sheet.
    """

    world: str = "city"
    seed: int = 3
    difficulty: str = "full"
    backend: str = "memory"
    height: int = 96
    width: int = 128
    steps_out: int = 40
    output: str = "outputs/demo"
    enlarge: int = 4
    sheet_columns: int = 10


@dataclass
class _Record:
    """What a walk leaves behind: per step the world's outcome and the twin's chunk."""

    outcomes: list[Outcome] = field(default_factory=list)
    truths: list[Chunk] = field(default_factory=list)
    seconds: float = 0.0
    frames: int = 0

    def every(self, name: str, of_truth: bool = False) -> torch.Tensor:
        """All frames of one chunk field, (T, ...)."""
        chunks = self.truths if of_truth else [outcome.chunk for outcome in self.outcomes]
        return torch.cat([getattr(chunk, name)[0] for chunk in chunks])


def run_demo(config: DemoConfig) -> dict[str, float]:
    """Walk, film and measure; returns the figures that `report.json` holds.

    Raises:
        ValueError: If the world, difficulty or backend is none that exists.
    """
    place = find_place(config.world, config.seed, config.difficulty)
    world, twin = (World(load_backend(name, config.height, config.width)) for name in (config.backend, "twin"))
    folder = Path(config.output)
    try:
        state, record = _walk(world, twin, place, config, folder / "walk.mp4")
        figures = _measure(record)
        _draw_sheet(record, config.sheet_columns).save(folder / "walk.png")
        positions, colours, _ = point_cloud(state.memories[0])
        write_ply(folder / "cloud.ply", positions, colours)
    finally:
        twin.close()
        world.close()
    report = {"config": asdict(config), "prompt": state.openings[0].prompt, "figures": figures}
    text = json.dumps(report, indent=2) + "\n"
    write_whole(folder / "report.json", lambda file: file.write(text.encode()))
    return figures


def _walk(world: World, twin: World, place: Place, config: DemoConfig, film_path: Path) -> tuple[WorldState, _Record]:
    """The tour in the world; the twin follows wherever the body goes."""
    spec, opening = world.model.spec, open_world(world.model.spec, place)
    state, outcome = world.start([opening], [config.seed])
    truth, true_outcome = twin.start([open_world(twin.model.spec, place)], [config.seed])
    tour = Tour(opening.waypoints.numpy(), config.seed, world.config.body, TourConfig(steps_out=config.steps_out))
    record, trail = _Record([outcome], [true_outcome.chunk]), [outcome.stances[0, -1]]
    size = config.height * config.enlarge, 4 * config.width * config.enlarge
    with Film(film_path, spec.fps, *size) as film, tqdm(desc="walking", unit="step", total=3 * config.steps_out) as bar:
        while (twist := tour.act(trail[-1])) is not None:
            began = time.perf_counter()
            state, outcome = world.step(state, np.tile(twist, (1, spec.frames_per_step, 1)))
            record.seconds += time.perf_counter() - began
            record.frames += spec.frames_per_step
            record.outcomes.append(outcome)
            truth, true_outcome = twin.follow(truth, outcome.stances)
            record.truths.append(true_outcome.chunk)
            trail.append(outcome.stances[0, -1])
            for picture in _panels(outcome, state, np.stack(trail), config.enlarge):
                film.add(picture)
            bar.update()
    return state, record


def _panels(outcome: Outcome, state: WorldState, trail: np.ndarray, factor: int) -> list[np.ndarray]:
    """For each frame of a step: world, depth, hint and map from above, side by side."""
    chunk, hints = outcome.chunk, outcome.hints
    assert chunk.depth is not None
    positions, colours, _ = point_cloud(state.memories[0])
    height, width = chunk.frames.shape[2:4]
    above = enlarge(paint_map(positions, colours, trail, (height * factor // 2, width * factor // 2)), 2)
    frames = chunk.frames[0].numpy()
    depths = paint_depth(chunk.depth[0].numpy())
    known = paint_hints(hints.colour[0].numpy(), hints.seen[0].numpy())
    return [
        np.concatenate([*(enlarge(picture, factor) for picture in row), above], axis=1)
        for row in zip(frames, depths, known, strict=True)
    ]


def _measure(record: _Record) -> dict[str, float]:
    frames, truth = record.every("frames"), record.every("frames", of_truth=True)
    depth, true_depth = record.every("depth"), record.every("depth", of_truth=True)
    static = ~(record.every("moving") | record.every("moving", of_truth=True))
    return {
        "frames": float(record.frames),
        "frames_per_second": record.frames / record.seconds,
        "psnr_db": float(psnr_db(frames, truth).mean()),
        "loop_closure_psnr_db": float(psnr_db(frames[-1:], frames[:1])),
        "loop_closure_psnr_of_twin_db": float(psnr_db(truth[-1:], truth[:1])),
        "depth_absrel": depth_absrel(depth, true_depth),
        "depth_absrel_static": depth_absrel(depth, true_depth, static),
        "depth_known_share": known_share(depth),
    }


def _draw_sheet(record: _Record, columns: int):
    chosen = np.linspace(0, len(record.outcomes) - 1, columns).round().astype(int)
    rows: dict[str, list[np.ndarray]] = {"twin (truth)": [], "world": [], "hint": [], "depth": [], "twin depth": []}
    for k in chosen:
        outcome, truth = record.outcomes[k], record.truths[k]
        assert outcome.chunk.depth is not None and truth.depth is not None
        rows["twin (truth)"].append(truth.frames[0, -1].numpy())
        rows["world"].append(outcome.chunk.frames[0, -1].numpy())
        rows["hint"].append(paint_hints(outcome.hints.colour[0, -1].numpy(), outcome.hints.seen[0, -1].numpy()))
        rows["depth"].append(paint_depth(outcome.chunk.depth[0, -1].numpy()))
        rows["twin depth"].append(paint_depth(truth.depth[0, -1].numpy()))
    return contact_sheet(list(rows.items()))
