"""How true a generated world stays to the twin in closed loop, beside what needs no model.

    python benchmarks/fidelity.py --weights w.safetensors --json fidelity.json

Held-out places (seeds of the split "test"), half of the walks loops that end where they began and half outbound.
Grounded worlds open on a capture of 32 keyframes, cold ones on one frame with depth. After the opening a world meets
only its own frames, depth and masks at the poses of the twin's walk. Rows: `video`, `video_no_hints` (the same model
without memory), `memory` (hints, holes filled from the nearest seen pixel), `repeat` (the last frame).

PSNR is taken per frame over all pixels and averaged. Known pixels show a still surface that the opening showed, by
the twin's depth. JSON keys: `ROW_OPENING_FIGURE`, OPENING being `grounded` or `cold`, and FIGURE `next_chunk_psnr_db`,
`psnr_db` and `known_psnr_db` (lists by chunk), `unseen_psnr_db`, `depth_absrel`, `sharpness_ratio`, `moving_iou`,
`loop_closure_drop_db`, `loop_closure_self_psnr_db`, `unseen_share`.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from tqdm import tqdm

from wm_gym.agents.tour import Tour, TourConfig
from wm_gym.backends.memory import MemoryModel
from wm_gym.backends.places import open_world
from wm_gym.backends.seam import Opening, Place
from wm_gym.backends.twin.maps import FAMILIES
from wm_gym.backends.twin.model import TwinModel
from wm_gym.backends.video.model import VideoModel
from wm_gym.evaluation.fidelity import depth_absrel, psnr_db
from wm_gym.evaluation.pictures import contact_sheet, paint_depth
from wm_gym.memory.render import blank_hints, render
from wm_gym.train_world.splits import nth_seed
from wm_gym.world.state import Outcome
from wm_gym.world.world import World, remember_capture

SIZE = (48, 64)


@dataclass(frozen=True)
class Walk:
    """A walk through the twin. Frame 0 is the opening; then 4 frames a chunk."""

    place: Place
    is_loop: bool
    stances: np.ndarray
    frames: torch.Tensor
    depth: torch.Tensor
    moving: torch.Tensor
    poses: torch.Tensor
    intrinsics: torch.Tensor


class WithoutHints(VideoModel):
    """The video model with an empty memory."""

    def step(self, state, condition):
        """Generate without hints."""
        count, length = condition.world_from_camera.shape[:2]
        nothing = blank_hints(count, length, *SIZE, torch.device("cpu"))
        return super().step(state, replace(condition, hints=nothing))


def record_walk(twin: World, place: Place, is_loop: bool, chunks: int) -> Walk:
    """Walk a tour in the twin; an outbound one has no time to come home."""
    opening = open_world(twin.model.spec, place)
    state, outcome = twin.start([opening], [place.seed])
    steps_out = chunks // 2 - 4 if is_loop else 10 * chunks
    tour = Tour(opening.waypoints.numpy(), place.seed, config=TourConfig(steps_out=steps_out))
    outcomes = [outcome]
    for _ in range(chunks):
        twist = tour.act(outcomes[-1].stances[0, -1])
        state, outcome = twin.step(state, np.tile(np.zeros(4) if twist is None else twist, (1, 4, 1)))
        outcomes.append(outcome)
    return _join(place, is_loop, opening, outcomes)


def _join(place: Place, is_loop: bool, opening: Opening, outcomes: list[Outcome]) -> Walk:
    chunks = [outcome.chunk for outcome in outcomes]
    return Walk(
        place, is_loop, np.concatenate([o.stances[0] for o in outcomes]),
        torch.cat([c.frames[0] for c in chunks]), torch.cat([c.depth[0] for c in chunks]),
        torch.cat([c.moving[0] for c in chunks]), torch.cat([c.world_from_camera[0] for c in chunks]),
        opening.intrinsics,
    )  # fmt: skip


def regenerate(world: World, opening: Opening, walk: Walk, seed: int) -> Walk:
    """The same walk in another world."""
    state, outcome = world.start([opening], [seed])
    outcomes = [outcome]
    for k in range(1, len(walk.stances), 4):
        state, outcome = world.follow(state, walk.stances[None, k : k + 4])
        outcomes.append(outcome)
    return _join(walk.place, walk.is_loop, opening, outcomes)


def repeat(walk: Walk) -> Walk:
    """The opening frame for ever."""
    still = {name: getattr(walk, name)[:1].expand_as(getattr(walk, name)) for name in ("frames", "depth", "moving")}
    return replace(walk, **still)


def known_pixels(opening: Opening, walk: Walk, world: World) -> tuple[torch.Tensor, torch.Tensor]:
    """(T, H, W) pixels whose still surface the opening showed, and pixels of which it showed nothing."""
    memory = remember_capture(opening.capture, world.config.memory)
    hints = render([memory], walk.poses[None], walk.intrinsics[None], *SIZE, frame_index=[0], appearance=[0]).of_world(
        0
    )
    agrees = (hints.log_depth - walk.depth.clamp(min=1e-3).log()).abs() < 0.1
    return hints.seen & agrees & ~walk.moving, ~hints.seen


def gradient_energy(frames: torch.Tensor) -> float:
    """Mean squared difference of neighbouring pixels."""
    x = frames.double()
    return float(x.diff(dim=1).square().mean() + x.diff(dim=2).square().mean())


def score(walk: Walk, truth: Walk, known: torch.Tensor, unseen: torch.Tensor) -> dict[str, float | list[float]]:
    """The figures of one walk; NaN where nothing could be scored."""
    frames, true_frames = walk.frames[1:], truth.frames[1:]
    by_frame, by_known = psnr_db(frames, true_frames), psnr_db(frames, true_frames, known[1:])
    figures: dict[str, float | list[float]] = {
        "next_chunk_psnr_db": float(by_frame[:4].mean()),
        "psnr_db": by_frame.view(-1, 4).mean(1).tolist(),
        "known_psnr_db": by_known.view(-1, 4).nanmean(1).tolist(),
        "unseen_psnr_db": float(psnr_db(frames, true_frames, unseen[1:]).nanmean()),
        "unseen_share": float(unseen[1:].double().mean()),
        "depth_absrel": depth_absrel(walk.depth[1:], truth.depth[1:]),
        "sharpness_ratio": gradient_energy(frames[-32:]) / gradient_energy(true_frames[-32:]),
        "moving_iou": float(
            (walk.moving & truth.moving)[1:5].sum() / (walk.moving | truth.moving)[1:5].sum().clamp(min=1)
        ),
    }
    if walk.is_loop:
        figures["loop_closure_self_psnr_db"] = float(psnr_db(frames[-1:], walk.frames[:1]))
        figures["loop_closure_drop_db"] = float(by_known[:4].nanmean() - by_known[-4:].nanmean())
    return figures


def rows_of(walk: Walk, opening: Opening, worlds: dict[str, World]) -> Iterator[tuple[str, Walk]]:
    """Every row's walk."""
    for name, world in worlds.items():
        yield name, regenerate(world, opening, walk, walk.place.seed)
    yield "repeat", repeat(walk)


def cold(opening: Opening) -> Opening:
    """The same opening with its first keyframe alone."""
    assert opening.capture is not None
    arrays = {name: getattr(opening.capture, name)[:1] for name in ("frames", "depth", "moving", "world_from_camera")}
    return replace(opening, capture=replace(opening.capture, **arrays))


def mean(rows: list[dict[str, float | list[float]]]) -> dict[str, float | list[float]]:
    """The mean of every figure over walks, NaN left out."""
    names = dict.fromkeys(name for row in rows for name in row)
    means = {name: np.nanmean([row[name] for row in rows if name in row], axis=0) for name in names}
    return {name: value.tolist() for name, value in means.items()}


def draw(folder: Path, name: str, walks: dict[str, Walk], columns: int = 10) -> None:
    """A contact sheet of one walk: truth, every row, and the video row's depth."""
    chosen = np.linspace(0, len(walks["twin"].frames) - 1, columns).round().astype(int)
    rows = [(row, [walk.frames[k].numpy().repeat(2, 0).repeat(2, 1) for k in chosen]) for row, walk in walks.items()]
    if "video" in walks:
        rows.append(("depth", [paint_depth(walks["video"].depth[k].numpy()).repeat(2, 0).repeat(2, 1) for k in chosen]))
    folder.mkdir(parents=True, exist_ok=True)
    contact_sheet(rows, margin=100).save(folder / f"{name}.png")


def main() -> None:
    """Measure, print a table, write the figures and the sheets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="of the video model; without, only the rows that need none")
    parser.add_argument("--walks", type=int, default=40)
    parser.add_argument("--chunks", type=int, default=64)
    parser.add_argument("--difficulty", default="full")
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    twin, worlds = World(TwinModel.create(*SIZE)), {"memory": World(MemoryModel.create(*SIZE))}
    if asked.weights:
        video = VideoModel.create(*SIZE, weights=asked.weights)
        worlds |= {"video": World(video), "video_no_hints": World(WithoutHints(video.network))}
    scores: dict[str, list[dict[str, float | list[float]]]] = {}
    for k in tqdm(range(asked.walks), desc="walks"):
        place = Place(FAMILIES[k % len(FAMILIES)], nth_seed("test", 100 + k), asked.difficulty)
        walk = record_walk(twin, place, is_loop=k % 2 == 0, chunks=asked.chunks)
        grounded = open_world(worlds["memory"].model.spec, place)
        for kind, opening in (("grounded", grounded), ("cold", cold(grounded))):
            known, unseen = known_pixels(opening, walk, twin)
            shown = {"twin": walk}
            for name, generated in rows_of(walk, opening, worlds):
                scores.setdefault(f"{name}_{kind}", []).append(score(generated, walk, known, unseen))
                shown[name] = generated
            if asked.sheets and k < 2 * len(FAMILIES):
                draw(asked.sheets, f"{kind}_{place.family}_{'loop' if walk.is_loop else 'out'}", shown)
    table = {row: mean(rows) for row, rows in scores.items()}
    report(table)
    if asked.json:
        flat = {f"{row}_{name}": value for row, figures in table.items() for name, value in figures.items()}
        asked.json.write_text(json.dumps(flat, indent=2) + "\n")
    for world in (twin, *worlds.values()):
        world.close()


def report(table: dict[str, dict[str, float | list[float]]]) -> None:
    """Print one row a model and opening; lists are shown at chunks 1, 8, 32 and the last."""
    for row, figures in table.items():
        print(row)
        for name, value in figures.items():
            if isinstance(value, list):
                picks = [k for k in (0, 7, 31, len(value) - 1) if k < len(value)]
                print(f"    {name:28s}" + "  ".join(f"chunk {k + 1}: {value[k]:.2f}" for k in picks))
            else:
                print(f"    {name:28s}{value:8.3f}")


if __name__ == "__main__":
    main()
