"""Bodies of one world: what each costs, and whether what they see of the place and of one another agrees.

    python benchmarks/bodies.py --json bodies.json --sheet bodies.png --film bodies.mp4

Bodies walk to one another and about in a generated world and in the twin. Where a body is drawn is read off its pixels:
those in which frames differ from the frames of the same walk with nobody drawn, or in the twin those of the engine's
own label. Only bodies that are wholly in the frame, with nothing before them and
nobody beside them, are measured.

JSON keys, for each backend:
 - `ms_per_step_N` for N = 1, 2, 4, 8: median time of a step of a world with N bodies; `ms_per_extra_body`: slope.
 - `body_pixels`, `body_metres`: median distance across the frame from the middle of a drawn body to where its pose
   projects, and the same at the body's depth; `body_pixels_worst`; `bodies_measured`.
 - `surface_psnr_db`: of the colours that two bodies see of the same still surface, both where one looks along a ray and
   the other's depth agrees within 5 %; `surface_depth_error`: median relative difference of depth there;
   `surface_pixels`: how many.
 - `walkers_apart_metres` (twin): median distance between where two bodies see the same walker.
And `world`, `resolution`, `steps`, `threads`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from PIL import Image

import wm_gym
from wm_gym.agents.scripted import LEFT, steps_towards
from wm_gym.entities.crops import box_of
from wm_gym.envs.parallel_env import WorldParallelEnv
from wm_gym.envs.state import EnvState
from wm_gym.files.video import VideoWriter
from wm_gym.geometry.cameras import unproject
from wm_gym.geometry.motion import OPENING_EYE_METRES

COUNTS = (1, 2, 4, 8)
STAND_METRES, OCCLUDED_METRES, SAME_DEPTH = 1.6, 0.4, 0.05
FPS = 17.5
NOOP = 0
"""Of the action mode "discrete"."""


def made(backend: str, count: int, world: str, size: tuple[int, int], **settings: Any) -> WorldParallelEnv:
    return wm_gym.parallel_env(
        count, task="meet", task_settings={"meet_metres": 0.1}, backend=backend, world=world, resolution=size, finer=1,
        obs_mode="rgb+depth+pose", **settings,
    )  # fmt: skip


def towards_others(env: WorldParallelEnv, infos: dict[str, dict[str, Any]], step: int) -> dict[str, int]:
    """Actions that bring bodies together and then let them look round."""
    actions = {}
    for n, agent in enumerate(env.agents):
        ahead, left = np.nanmean(infos[agent]["other_bodies"], axis=0)
        near = np.nanmin(np.linalg.norm(infos[agent]["other_bodies"], axis=1)) < STAND_METRES
        turn = float(np.arctan2(left, ahead))
        action = int(steps_towards(np.array([turn]))[0])
        actions[agent] = (LEFT if (step + n) % 8 == 0 else NOOP) if near and abs(turn) < 0.3 else action
    return actions


def cost(backend: str, count: int, world: str, size: tuple[int, int], steps: int) -> float:
    """Median milliseconds of a step."""
    env, times = made(backend, count, world, size), []
    env.reset(seed=3)
    for _ in range(steps):
        began = time.perf_counter()
        env.step(dict.fromkeys(env.agents, 1))
        times.append(1e3 * (time.perf_counter() - began))
    env.close()
    return statistics.median(times[1:])


def walked(env: WorldParallelEnv, steps: int, acted: list[dict[str, int]] | None = None) -> Iterator[tuple[Any, Any]]:
    """The episodes after each step, and the actions that led there; given actions are repeated."""
    _, infos = env.reset(seed=3)
    for step in range(steps):
        actions = towards_others(env, infos, step) if acted is None else acted[step]
        *_, infos = env.step(actions)
        yield dict(env.shared.states), actions


def window_of(one: EnvState, other: EnvState) -> tuple[tuple[float, float, float, float], float] | None:
    """Where the last frame of one has the window of the other's body, in pixels, and its depth; None behind it."""
    outcome = one.outcome
    assert outcome.chunk.world_from_camera is not None
    pose, (fx, fy, cx, cy) = outcome.chunk.world_from_camera[0, -1].double().numpy(), outcome.intrinsics[0].tolist()
    camera = np.array([[1 / fx, 0, -cx / fx], [0, 1 / fy, -cy / fy], [0, 0, 1]])
    foot = np.array([*other.outcome.body_poses[0, -1, :2], -OPENING_EYE_METRES])
    return box_of("walker", foot, pose[:3, 3], pose[:3, :3] @ camera)


def body_errors(states: dict[str, EnvState], looks: str, shown: str, mask: np.ndarray) -> tuple[float, float] | None:
    """Pixels and metres across the frame from a drawn body to where its pose projects.

    Args:
        states: Of all bodies.
        looks: Who looks.
        shown: Who is looked at.
        mask: (H, W) bool, pixels of all bodies in the frame of who looks.

    Returns:
        None where the body is not wholly in the frame, hidden, or beside another in it.
    """
    windows = {agent: window_of(states[looks], state) for agent, state in states.items() if agent != looks}
    found, (height, width) = windows.pop(shown), mask.shape
    if found is None or found[0][0] < 0 or found[0][2] > width or found[0][1] < 0 or found[0][3] > height:
        return None
    (left, top, right, bottom), metres = found
    is_beside = any(one is not None and one[0][0] < right and one[0][2] > left for one in windows.values())
    part = slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)
    rows, columns = np.nonzero(mask[part])
    outcome = states[looks].outcome
    assert outcome.chunk.depth is not None
    depth = outcome.chunk.depth[0, -1].numpy()[part][rows, columns]
    is_whole = len(rows) > 0 and rows.max() - rows.min() > 0.75 * (bottom - top)
    if is_beside or not is_whole or np.median(depth) < metres - OCCLUDED_METRES:
        return None
    pixels = abs(columns.mean() + 0.5 + int(left) - (left + right) / 2)
    return float(pixels), float(pixels * metres / float(outcome.intrinsics[0, 0]))


def bodies_of(state: EnvState, empty: EnvState | None) -> np.ndarray:
    """(H, W) bool: pixels in which the last frame shows a body."""
    chunk = state.outcome.chunk
    if empty is not None:
        return (chunk.frames[0, -1] != empty.outcome.chunk.frames[0, -1]).any(-1).numpy()
    assert chunk.truth is not None
    truth = chunk.truth[0]
    numbers = [number for number, name in truth.instance_names.items() if name.startswith("Body")]
    return np.isin(truth.instances[-1], numbers)


def surfaces(one: EnvState, other: EnvState) -> tuple[np.ndarray, np.ndarray]:
    """Squared colour errors (M, 3) and relative depth errors (M,) of the still surface that both see last."""
    (a, b), lens = (one.outcome.chunk, other.outcome.chunk), one.outcome.intrinsics[0]
    assert a.depth is not None and b.depth is not None and a.moving is not None and b.moving is not None
    assert a.world_from_camera is not None and b.world_from_camera is not None
    depth, pose = a.depth[0, -1], a.world_from_camera[0, -1]
    still = ~a.moving[0, -1] & (depth > 0) & (depth < 25.0)
    points = unproject(depth, lens, pose)[still].double().numpy()
    there = np.linalg.inv(b.world_from_camera[0, -1].double().numpy())
    x, y, z = there[:3, :3] @ points.T + there[:3, 3:]
    fx, fy, cx, cy = lens.tolist()
    z_safe = np.where(z > 0.3, z, 1.0)
    u, v = np.floor(fx * x / z_safe + cx).astype(int), np.floor(fy * y / z_safe + cy).astype(int)
    height, width = depth.shape
    inside = (z > 0.3) & (u >= 0) & (u < width) & (v >= 0) & (v < height)
    u, v, z = u[inside], v[inside], z[inside]
    apart = np.abs(b.depth[0, -1].numpy()[v, u] / z - 1.0)
    same = (apart < SAME_DEPTH) & ~b.moving[0, -1].numpy()[v, u]
    colours = a.frames[0, -1].numpy()[still.numpy()][inside][same].astype(float)
    return (colours - b.frames[0, -1].numpy()[v, u][same]) ** 2, apart[same]


def walkers_apart(one: EnvState, other: EnvState) -> list[float]:
    """Metres from each walker that one sees to the nearest of its looks that the other sees, within two metres."""
    seen = [state.outcome.chunk.truth[0] for state in (one, other)]  # type: ignore[index]
    places = [
        [(t.instance_names[n], poses[-1, :2]) for n, poses in t.thing_poses.items() if np.isfinite(poses[-1]).all()]
        for t in seen
    ]
    gaps = []
    for name, spot in places[0]:
        near = [np.linalg.norm(spot - there) for other_name, there in places[1] if other_name == name]
        gaps += [float(min(near))] if name.startswith("Walker") and near and min(near) < 2.0 else []
    return gaps


def consistency(
    backend: str, world: str, size: tuple[int, int], steps: int, frames: list[np.ndarray]
) -> dict[str, Any]:
    """How far what three bodies see agrees; their frames, side by side, are added to `frames`."""
    drawn = {} if backend == "twin" else {"draw_events": True}
    env = made(backend, 3, world, size, **drawn)
    history, empty = list(walked(env, steps)), []
    env.close()
    if backend != "twin":
        bare = made(backend, 3, world, size, draw_events=False)
        empty = [states for states, _ in walked(bare, steps, [actions for _, actions in history])]
        bare.close()
    errors, colours, depths, walkers = [], [], [], []
    for step, (states, _) in enumerate(history):
        chunks = [state.outcome.chunk.frames[0].numpy() for state in states.values()]
        frames += list(np.concatenate(chunks, axis=2))
        for one, other in permutations(states, 2):
            mask = bodies_of(states[one], empty[step][one] if empty else None)
            errors.append(body_errors(states, one, other, mask))
            seen, apart = surfaces(states[one], states[other])
            colours.append(seen)
            depths.append(apart)
            walkers += walkers_apart(states[one], states[other]) if backend == "twin" else []
    found = np.array([one for one in errors if one is not None]).reshape(-1, 2)
    squared = np.concatenate(colours)
    figures = {
        "body_pixels": float(np.median(found[:, 0])) if len(found) else None,
        "body_pixels_worst": float(found[:, 0].max()) if len(found) else None,
        "body_metres": float(np.median(found[:, 1])) if len(found) else None,
        "bodies_measured": len(found),
        "surface_psnr_db": float(10 * np.log10(255**2 / squared.mean())) if len(squared) else None,
        "surface_depth_error": float(np.median(np.concatenate(depths))) if len(squared) else None,
        "surface_pixels": len(squared),
    }
    return figures | (
        {"walkers_apart_metres": float(np.median(walkers)) if walkers else None} if backend == "twin" else {}
    )


def sheet(frames: list[np.ndarray], rows: int = 8) -> np.ndarray:
    """Rows of what the bodies see, from first to last."""
    return np.concatenate([frames[n] for n in np.linspace(0, len(frames) - 1, rows).astype(int)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--backends", nargs="+", default=["memory_only", "video", "twin"])
    parser.add_argument("--world", default="city/9")
    parser.add_argument("--size", type=int, nargs=2, default=(48, 64), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--cost-steps", type=int, default=12)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path, help="a picture of what three bodies see, a column of frames each")
    parser.add_argument("--film", type=Path, help="the same as a film")
    asked = parser.parse_args()
    size = (asked.size[0], asked.size[1])
    figures: dict[str, Any] = {"world": asked.world, "resolution": list(size), "steps": asked.steps}
    figures["threads"], shown = torch.get_num_threads(), []
    for backend in asked.backends:
        times = {count: cost(backend, count, asked.world, size, asked.cost_steps) for count in COUNTS}
        frames: list[np.ndarray] = []
        row = consistency(backend, asked.world, size, asked.steps, frames)
        slope = float(np.polyfit(COUNTS, [times[count] for count in COUNTS], 1)[0])
        row |= {f"ms_per_step_{count}": value for count, value in times.items()} | {"ms_per_extra_body": slope}
        figures[backend] = row
        shown.append(frames)
        print(backend, json.dumps(row, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")
    if asked.sheet:
        Image.fromarray(np.concatenate([sheet(frames) for frames in shown], axis=1)).save(asked.sheet)
    if asked.film:
        columns = [np.concatenate(rows) for rows in zip(*shown, strict=True)]
        with VideoWriter(asked.film, FPS, *columns[0].shape[:2]) as film:
            for frame in columns:
                film.add(frame)


if __name__ == "__main__":
    main()
