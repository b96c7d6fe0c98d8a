"""Exactness of the twin in many places: depth at every pitch, reprojection, replays.

    python benchmarks/twin_exactness.py [--places 20] [--height 48] [--width 64] [--json PATH]

For each family, over its places:
- pitch: depth of the map's own pixels against a second, independent ray caster: one ray per pixel, six degrees of
  freedom, sector by sector. Median relative error, and the share of pixels with an error above 1 %.
- reprojection: points of one frame in the frame three later, while walking and turning: median relative depth error,
  and the share of points in view that the later frame shows too.
- replay: whether the same actions, under events of all kinds, give the same bytes, in the same process, in another, and
  from a state saved at step 30 and restored elsewhere, up to a branch at step 40.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import hashlib
import json
from pathlib import Path

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from wm_gym.backends.twin.model import FRAMES_PER_STEP, TwinModel, open_place
from wm_gym.backends.twin.site import Site, site_of
from wm_gym.backends.twin.state import TwinState
from wm_gym.events.kinds import KINDS, ActiveEvent
from wm_gym.geometry.cameras import project, rays, unproject
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import camera_pose
from wm_gym.geometry.poses import inverse, transform
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import FAMILIES
from wm_gym.world_model import Chunk, Condition, Opening, Place

SEED = 3
BRANCH_FROM, BRANCH_AT, STEPS = 30, 40, 44
COVISIBLE_RELATIVE, COVISIBLE_METRES = 0.05, 0.05


@numba.njit(cache=True, error_model="numpy")
def cast_rays(
    origin: NDArray[np.float64], directions: NDArray[np.float64], lines: NDArray[np.float64],
    sides: NDArray[np.int32], floors: NDArray[np.float64], ceilings: NDArray[np.float64], sky: NDArray[np.bool_],
    start_sector: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Distance along each ray to the first surface, in lengths of its direction; infinity for the sky.

    Each ray passes through one sector after another, to whichever of floor, ceiling and leaving line comes first.
    """
    distances = np.full(directions.shape[0], np.inf)
    for p in range(directions.shape[0]):
        dx, dy, dz = directions[p]
        sector, travelled = start_sector, 0.0
        for _ in range(400):
            leaving, door, entered = np.inf, -1, -1
            for i in range(lines.shape[0]):
                ex, ey = lines[i, 2] - lines[i, 0], lines[i, 3] - lines[i, 1]
                turn = dx * ey - dy * ex
                if turn == 0.0 or sides[i, 0 if turn < 0.0 else 1] != sector:
                    continue
                rx, ry = lines[i, 0] - origin[0], lines[i, 1] - origin[1]
                t = (rx * ey - ry * ex) / turn
                along = (rx * dy - ry * dx) / turn
                if travelled + 1e-9 < t < leaving and -1e-9 <= along <= 1.0 + 1e-9:
                    leaving, door, entered = t, i, sides[i, 1 if turn < 0.0 else 0]
            level = np.inf
            if dz < 0.0:
                level = (floors[sector] - origin[2]) / dz
            elif dz > 0.0:
                level = (ceilings[sector] - origin[2]) / dz
            if level <= leaving:
                distances[p] = np.inf if dz > 0.0 and sky[sector] else level
                break
            if door < 0:
                break
            z = origin[2] + leaving * dz
            under_sky = entered >= 0 and sky[sector] and sky[entered]
            if entered < 0 or z < floors[entered] or (z > ceilings[entered] and not under_sky):
                distances[p] = leaving
                break
            sector, travelled = entered, leaving
    return distances


def plain_depth(site: Site, pose: torch.Tensor, intrinsics: torch.Tensor, height: int, width: int) -> NDArray:
    """(H, W) planar depth of the map alone, metres."""
    s, frame = site.surfaces, site.frame
    directions = (rays(intrinsics.double(), height, width) @ pose[:3, :3].double().T).reshape(-1, 3).numpy()
    eye = frame.map_from_world(pose[:3, 3].double().numpy())
    ahead = frame.map_from_world(pose[:3, 3].double().numpy() + directions) - eye
    distances = cast_rays(eye, ahead, s.lines, s.sides, s.floors, s.ceilings, s.sky, s.sector_at(eye[0], eye[1]))
    return np.minimum(distances, FAR_METRES).reshape(height, width)


def free_walks(site: Site, opening: Opening, count: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Walks of four body poses (4, 5) on free ground, at random positions, turns and pitches."""
    walks: list[NDArray[np.float64]] = []
    waypoints = opening.waypoints.double().numpy()
    while len(walks) < count:
        yaw, turn, tilt = rng.uniform(-np.pi, np.pi), np.radians(rng.uniform(-4.5, 4.5)), np.radians(2.5)
        pitch = np.radians(rng.uniform(-25.0, 17.5))
        x, y = waypoints[rng.integers(len(waypoints))]
        body_poses = np.zeros((FRAMES_PER_STEP, 5))
        for t, body_pose in enumerate(body_poses):
            body_pose[:] = x, y, 0.0, yaw, pitch
            x, y = x + 0.125 * np.cos(yaw), y + 0.125 * np.sin(yaw)
            yaw, pitch = yaw + turn, pitch + tilt * (t + 1 < FRAMES_PER_STEP)
        if not site.obstacles.blocked(body_poses[:, :2], 0.3).any():
            walks.append(body_poses)
    return walks


def condition_of(
    opening: Opening, body_poses: NDArray[np.float64], step: int, events: tuple[ActiveEvent, ...] = ()
) -> Condition:
    """The condition of one world's step along four body poses."""
    poses = torch.from_numpy(camera_pose(body_poses)).to(torch.float32)
    keys = torch.zeros(1, FRAMES_PER_STEP, 8, dtype=torch.bool)
    index = 1 + step * FRAMES_PER_STEP
    return Condition(poses[None], opening.intrinsics[None], keys, [""], [events], [SEED], [index])


def pitch_errors(site: Site, chunk: Chunk, intrinsics: torch.Tensor) -> NDArray[np.float64]:
    """Relative depth errors of the pixels that show the map, not things."""
    assert chunk.depth is not None and chunk.truth is not None and chunk.world_from_camera is not None
    errors = []
    for t, depth in enumerate(chunk.depth[0].double().numpy()):
        plain = plain_depth(site, chunk.world_from_camera[0, t], intrinsics, *depth.shape)
        of_map = chunk.truth[0].instances[t] == 0
        errors.append((np.abs(depth - plain) / plain)[of_map])
    return np.concatenate(errors)


def reprojection(chunk: Chunk, intrinsics: torch.Tensor) -> tuple[NDArray[np.float64], float]:
    """Relative depth errors of the first frame's static points in the last frame, and the share seen there too."""
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
    first, last = chunk.world_from_camera[0, 0].double(), chunk.world_from_camera[0, -1].double()
    depth, target = chunk.depth[0, 0].double(), chunk.depth[0, -1].double()
    points = unproject(depth, intrinsics.double(), first)[(depth < FAR_METRES) & ~chunk.moving[0, 0]]
    pixels, distances = project(transform(inverse(last), points), intrinsics.double())
    column, row = pixels.floor().long().unbind(-1)
    height, width = target.shape
    in_view = (distances > 0.1) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row, distances = column[in_view], row[in_view], distances[in_view]
    still = ~chunk.moving[0, -1][row, column]
    gaps = (target[row, column] - distances).abs()[still]
    distances = distances[still]
    seen = gaps < COVISIBLE_RELATIVE * distances + COVISIBLE_METRES
    return (gaps / distances)[seen].numpy(), float(seen.double().mean())


def fingerprint(chunk: Chunk) -> str:
    """Hash of every byte of a chunk."""
    assert chunk.depth is not None and chunk.moving is not None and chunk.truth is not None
    digest = hashlib.sha256()
    for tensor in (chunk.frames, chunk.depth, chunk.moving):
        digest.update(tensor.numpy().tobytes())
    for truth in chunk.truth:
        digest.update(truth.instances.tobytes() + repr(sorted(truth.instance_names.items())).encode())
        for kind in sorted(truth.event_masks):
            digest.update(truth.event_masks[kind].tobytes() + truth.event_strengths[kind].tobytes())
    return digest.hexdigest()


def active_events(step: int) -> tuple[ActiveEvent, ...]:
    """The active events of one step of the replayed episode: every kind in turn, seven at once."""
    spans = [(kind, 1 + 2 * number, 15 + 2 * number) for number, kind in enumerate(KINDS)]
    return tuple(
        ActiveEvent(
            kind,
            tuple(min(1.0, (FRAMES_PER_STEP * (step - begin) + t + 1) / 16) for t in range(FRAMES_PER_STEP)),
            FRAMES_PER_STEP * (step - begin),
            event_id,
            100 + event_id,
        )
        for event_id, (kind, begin, end) in enumerate(spans)
        if begin <= step < end
    )


def follow(
    model: TwinModel, opening: Opening, state: TwinState, walks: list[NDArray[np.float64]], begin: int
) -> tuple[list[str], list[TwinState]]:
    """Fingerprints and states of the episode from step `begin` on."""
    prints, states = [], [state]
    for step in range(begin, len(walks)):
        state, chunk = model.step(state, condition_of(opening, walks[step], step, active_events(step)))
        prints.append(fingerprint(chunk))
        states.append(state)
    return prints, states


def replays(models: tuple[TwinModel, TwinModel], opening: Opening, walks: list[NDArray[np.float64]]) -> dict[str, bool]:
    """Whether the episode gives the same bytes again, in another process, and restored from a state saved half-way."""
    here, elsewhere = models

    def tell(model: TwinModel) -> tuple[list[str], list[TwinState]]:
        state, chunk = model.start([opening], [SEED])
        prints, states = follow(model, opening, state, walks, 0)
        return [fingerprint(chunk), *prints], states

    prints, states = tell(here)
    again, _ = tell(here)
    other, _ = tell(elsewhere)
    taken_up = elsewhere.unpack(here.pack(states[BRANCH_FROM]))
    rest, later = follow(elsewhere, opening, taken_up, walks, BRANCH_FROM)
    branch, _ = follow(here, opening, here.unpack(elsewhere.pack(later[BRANCH_AT - BRANCH_FROM])), walks, BRANCH_AT)
    return {
        "same_process": again == prints,
        "two_processes": other == prints,
        "branch": rest == prints[BRANCH_FROM + 1 :] and branch == prints[BRANCH_AT + 1 :],
    }


def measure(place: Place, models: tuple[TwinModel, TwinModel], num_views: int) -> dict[str, float]:
    """All figures of one place."""
    height, width = models[0].spec.height, models[0].spec.width
    opening = open_place(place, height, width)
    site = site_of(place.family, place.seed, place.difficulty)
    walks = free_walks(site, opening, max(STEPS, num_views), np.random.default_rng(place.seed))
    state, _ = models[0].start([opening], [SEED])
    errors, gaps, shares = [], [], []
    for step in range(num_views):
        state, chunk = models[0].step(state, condition_of(opening, walks[step], step))
        errors.append(pitch_errors(site, chunk, opening.intrinsics))
        gap, share = reprojection(chunk, opening.intrinsics)
        gaps.append(gap)
        shares.append(share)
    pitch = np.concatenate(errors)
    figures: dict[str, float] = {
        "pitch_median": float(np.median(pitch)),
        "pitch_over_1_percent": float((pitch > 0.01).mean()),
        "reprojection_median": float(np.median(np.concatenate(gaps))),
        "covisible": float(np.mean(shares)),
    }
    return figures | {name: float(same) for name, same in replays(models, opening, walks[:STEPS]).items()}


def summarise(places: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each figure; of the shares also the worst place."""
    summary = {name: float(np.mean([figures[name] for figures in places])) for name in places[0]}
    summary["pitch_over_1_percent_worst"] = max(figures["pitch_over_1_percent"] for figures in places)
    summary["covisible_worst"] = min(figures["covisible"] for figures in places)
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", nargs="+", default=list(FAMILIES))
    parser.add_argument("--places", type=int, default=20)
    parser.add_argument("--views", type=int, default=12)
    parser.add_argument("--height", type=int, default=48)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    size = options.height, options.width
    models = TwinModel.create(*size, max_processes=1), TwinModel.create(*size, max_processes=1)
    table = {}
    for family in options.families:
        figures = [
            measure(Place(family, seed), models, options.views)
            for seed in progress_bar(range(options.places), desc=family)
        ]
        table[family] = summarise(figures)
    for model in models:
        model.close()
    names = list(next(iter(table.values())))
    print(f"{'':28}" + "".join(f"{family:>12}" for family in table))
    for name in names:
        print(f"{name:28}" + "".join(f"{table[family][name]:12.5f}" for family in table))
    if options.json:
        options.json.write_text(json.dumps({"options": vars(options) | {"json": None}, "families": table}, indent=2))


if __name__ == "__main__":
    main()
