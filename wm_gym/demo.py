"""`wm-gym demo`: a tour of a generated world and back to its start, with an event on the way, recorded and measured.

Where ViZDoom is installed and the world has a twin, the twin follows the same poses and the world is compared with it.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from wm_gym.agents.tour import Tour, TourConfig
from wm_gym.backends.registry import load_backend
from wm_gym.evaluation.fidelity import depth_absrel, known_share, psnr_db
from wm_gym.evaluation.pictures import captioned, contact_sheet, enlarge, paint_depth, paint_hints, paint_map
from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.files.video import VideoWriter
from wm_gym.memory.cloud import point_cloud
from wm_gym.progress import progress_bar
from wm_gym.reconstruction.ply import write_ply
from wm_gym.scenes.named import find_world, open_named
from wm_gym.scenes.places import open_world
from wm_gym.scenes.simulator import simulator_is_installed
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World
from wm_gym.world_model import Chunk, Opening

_BAR_PIXELS = 20
_LONGEST = 4
"""Most steps of a tour, as a multiple of its steps out."""
_STUCK_STEPS = 10


@dataclass
class DemoConfig:
    """Settings of the demo.

    Attributes:
        world: The `world` setting of `gym.make`: "imagined", a family, "family/number", "family/*" or a capture's path.
        prompt: What an imagined place is to be like.
        seed: Seed of the world, of the tour, and of the place where the name leaves a choice.
        difficulty: "simple", "medium" or "full"; the shipped places are "full".
        backend: The backend that generates the frames.
        height: Rows of a frame.
        width: Columns of a frame.
        steps_out: Steps of the tour before it turns home.
        event: Text of the event on the way; empty for none.
        event_at: Step at which the event starts.
        event_steps: Steps until it starts to end.
        compare: Whether the twin follows, where it can.
        output: Folder of the results.
        enlarge: Video pixels for each pixel of a frame, along one side; an even number.
        sheet_columns: Columns of the contact sheet.
    """

    world: str = "imagined"
    prompt: str = "a narrow street with green trees and red houses"
    seed: int = 3
    difficulty: str = "full"
    backend: str = "video"
    height: int = 48
    width: int = 64
    steps_out: int = 24
    event: str = "night falls"
    event_at: int = 10
    event_steps: int = 14
    compare: bool = True
    output: str = "outputs/demo"
    enlarge: int = 6
    sheet_columns: int = 10

    def __post_init__(self) -> None:
        for name in ("height", "width", "steps_out", "event_steps", "enlarge", "sheet_columns"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.enlarge % 2:
            raise ValueError(f"enlarge must be an even number, got {self.enlarge}")
        if self.event_at < 0:
            raise ValueError(f"event_at must be at least 0, got {self.event_at}")


@dataclass
class _Record:
    """The record of a walk.

    Attributes:
        outcomes: The world's outcome of each step.
        events: The texts of the events active in each step.
        truths: The twin's chunk of each step, if it follows.
        seconds: Total time of the world's steps.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    truths: list[Chunk] = field(default_factory=list)
    seconds: float = 0.0

    def every(self, name: str, of_truth: bool = False) -> torch.Tensor:
        """One field of all chunks, (T, ...), of the world or of the twin."""
        chunks = self.truths if of_truth else [outcome.chunk for outcome in self.outcomes]
        return torch.cat([getattr(chunk, name)[0] for chunk in chunks])


def run_demo(config: DemoConfig) -> dict[str, float]:
    """Walk, record and measure; returns the figures of `report.json`.

    Writes walk.mp4, walk.png, cloud.ply and report.json to the output folder.

    Raises:
        ValueError: If the world, difficulty or backend is unknown, the event is refused, or the folder cannot be
            written.
        ImportError: If the world or backend needs ViZDoom and it is not installed.
    """
    find_world(config.world, config.seed, config.difficulty, config.prompt)
    check_writable(config.output, is_folder=True)
    world = World(load_backend(config.backend, config.height, config.width))
    opening = open_named(world.spec, config.world, config.seed, config.difficulty, prompt=config.prompt)
    has_twin = config.compare and opening.place is not None and simulator_is_installed()
    twin = World(load_backend("twin", config.height, config.width)) if has_twin else None
    folder = Path(config.output)
    try:
        state, record = _walk(world, twin, opening, config, folder / "walk.mp4")
    finally:
        for opened in (world, twin):
            if opened is not None:
                opened.close()
    positions, colours, _ = point_cloud(state.memories[0])
    figures = _measure(record) | {"remembered_points": float(len(positions))}
    _draw_sheet(record, config).save(folder / "walk.png")
    write_ply(folder / "cloud.ply", positions, colours)
    report = {"config": asdict(config), "world": opening.name, "prompt": opening.prompt, "figures": figures}
    text = json.dumps(report, indent=2) + "\n"
    write_atomically(folder / "report.json", lambda file: file.write(text.encode()))
    return figures


def _begin(world: World, opening: Opening, config: DemoConfig) -> tuple[WorldState, Outcome]:
    """The opened world with its event scheduled."""
    state, outcome = world.start([opening], [config.seed])
    frames = world.spec.frames_per_step
    if config.event:
        state = state.schedule_event(
            0, config.event, in_frames=config.event_at * frames, for_frames=config.event_steps * frames
        )
    return state, outcome


def _walk(
    world: World, twin: World | None, opening: Opening, config: DemoConfig, video_path: Path
) -> tuple[WorldState, _Record]:
    """Walk the tour in the world, with the twin following at the same poses, and write the video."""
    spec = world.spec
    state, outcome = _begin(world, opening, config)
    record, trail, truth = _Record([outcome], [""]), [outcome.body_poses[0, -1]], None
    if twin is not None and opening.place is not None:
        truth, true_outcome = _begin(twin, open_world(twin.spec, opening.place), config)
        record.truths.append(true_outcome.chunk)
    tour = Tour(opening.waypoints.numpy(), config.seed, world.config.body, TourConfig(steps_out=config.steps_out))
    longest = _LONGEST * config.steps_out
    size = config.height * config.enlarge + _BAR_PIXELS, 4 * config.width * config.enlarge
    with (
        VideoWriter(video_path, spec.fps, *size) as video,
        progress_bar(desc="walking", unit="step", total=longest) as bar,
    ):
        while (twist := tour.act(trail[-1])) is not None and len(trail) <= longest and not _is_stuck(trail):
            record.events.append(_active_events(state))
            began = time.perf_counter()
            state, outcome = world.step(state, np.tile(twist, (1, spec.frames_per_step, 1)))
            record.seconds += time.perf_counter() - began
            record.outcomes.append(outcome)
            if twin is not None and truth is not None:
                truth, true_outcome = twin.follow(truth, outcome.body_poses)
                record.truths.append(true_outcome.chunk)
            trail.append(outcome.body_poses[0, -1])
            for picture in _panels(outcome, state, np.stack(trail), config.enlarge):
                video.add(captioned(picture, record.events[-1], _BAR_PIXELS))
            bar.update()
    return state, record


def _is_stuck(trail: list[np.ndarray]) -> bool:
    """Whether the body has not moved for `_STUCK_STEPS` steps: a generated obstacle blocks the way."""
    last = np.stack(trail[-_STUCK_STEPS:])
    return len(last) == _STUCK_STEPS and bool(np.ptp(last, axis=0).max() < 1e-3)


def _active_events(state: WorldState) -> str:
    """The texts of the events that are active now."""
    now = state.frame_index[0]
    return ", ".join(event.text for event in state.scripts[0].events if event.strength(now) > 0)


def _panels(outcome: Outcome, state: WorldState, trail: np.ndarray, factor: int) -> list[np.ndarray]:
    """For each frame of a step: world, depth, hints and a map from above, side by side."""
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
    """Figures of the world alone, and against the twin if it followed."""
    frames, depth = record.every("frames"), record.every("depth")
    figures = {
        "frames": float(len(frames)),
        "frames_per_second": (len(frames) - 1) / record.seconds,
        "metres_from_home": float(np.linalg.norm(record.outcomes[-1].body_poses[0, -1, :2])),
        "loop_closure_psnr_db": float(psnr_db(frames[-1:], frames[:1])),
        "depth_known_share": known_share(depth),
    }
    if not record.truths:
        return figures
    truth, true_depth = record.every("frames", of_truth=True), record.every("depth", of_truth=True)
    static = ~(record.every("moving") | record.every("moving", of_truth=True))
    return figures | {
        "psnr_db": float(psnr_db(frames, truth).mean()),
        "loop_closure_psnr_of_twin_db": float(psnr_db(truth[-1:], truth[:1])),
        "depth_absrel": depth_absrel(depth, true_depth),
        "depth_absrel_static": depth_absrel(depth, true_depth, static),
    }


def _draw_sheet(record: _Record, config: DemoConfig) -> Image.Image:
    chosen = np.linspace(0, len(record.outcomes) - 1, config.sheet_columns).round().astype(int)
    rows: dict[str, list[np.ndarray]] = {}
    for k in chosen:
        outcome, truth = record.outcomes[k], record.truths[k] if record.truths else None
        hint = paint_hints(outcome.hints.colour[0, -1].numpy(), outcome.hints.seen[0, -1].numpy())
        assert outcome.chunk.depth is not None
        shown = {"world": outcome.chunk.frames[0, -1].numpy(), "memory": hint}
        shown["depth"] = paint_depth(outcome.chunk.depth[0, -1].numpy())
        if truth is not None and truth.depth is not None:
            shown |= {"twin": truth.frames[0, -1].numpy(), "twin depth": paint_depth(truth.depth[0, -1].numpy())}
        for name, picture in shown.items():
            rows.setdefault(name, []).append(enlarge(picture, max(1, 96 // config.height)))
    return contact_sheet(list(rows.items()), [record.events[k] for k in chosen])
