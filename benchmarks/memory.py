"""Time to render hints from memory and to write a step to it, against its peers in one run.

    python benchmarks/memory.py [--json PATH] [--before DIR]

A hall is written to memory from many positions, 128k points in all; then one step of 4 frames is rendered and written.
Peers: the same splatting in torch operations, and Open3D's projection of the same points (one pixel for each point, no
splats, depth and colour only) where it is installed.

Hints are also held against the truth, at the poses of the keyframes of shipped scenes: `hints_db_SCENE`, PSNR against
keyframes reduced to frames, which are means of 16 pixels each; `hints_one_sample_db_SCENE`: with one subpixel a pixel.
With `--before DIR`, another checkout renders and writes steps through the first of these scenes by turns with this one:
processor time of each, and PSNR of its hints.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import machine, machine_line
from torch import Tensor

from wm_gym.geometry.cameras import intrinsics_from_fov, rays
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.occupancy import occupied
from wm_gym.memory.render import render
from wm_gym.memory.retrieve import View, retrieve
from wm_gym.memory.write import write
from wm_gym.reconstruction.open3d_bridge import import_open3d, to_open3d
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.keyframe_scale import reduced
from wm_gym.scenes.sources import SHIPPED
from wm_gym.world.captures import memory_of_capture
from wm_gym.world_model import Capture

HALL = torch.tensor([12.0, 9.0, 3.0])  # half sizes of the hall, metres
NUM_FRAMES = 4
HALL_POINTS = 131_072
SCENES = ("city-9", "park-9", "rooms-9", "warehouse-9", "courtyard-9")
ROUNDS = 8
HERE = Path(__file__).resolve().parents[1]


def pose_at(x: float, y: float, yaw: float) -> Tensor:
    """World from a level camera, (4, 4)."""
    pose = torch.eye(4)
    cos, sin = math.cos(yaw), math.sin(yaw)
    pose[:3, :3] = torch.tensor([[sin, 0.0, cos], [-cos, 0.0, sin], [0.0, -1.0, 0.0]])
    pose[:2, 3] = torch.tensor([x, y])
    return pose


def see(pose: Tensor, intrinsics: Tensor, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """A frame, its depth and its moving mask (none): the hall's walls in checks, open to the sky above 2 m."""
    directions = rays(intrinsics, height, width) @ pose[:3, :3].T
    directions = torch.where(directions.abs() < 1e-6, 1e-6, directions)
    depth = ((directions.sign() * HALL - pose[:3, 3]) / directions).amin(-1)
    points = pose[:3, 3] + directions * depth[..., None]
    checks = (points / 0.7).floor().sum(-1, keepdim=True) % 2
    frame = (points * torch.tensor([9.0, 12.0, 30.0]) + 128 + 40 * checks).clamp(0, 255).to(torch.uint8)
    depth = torch.where(points[..., 2] > 2.0, 100.0, depth)
    return frame, depth, torch.zeros(height, width, dtype=torch.bool)


def shots(poses: Tensor, intrinsics: Tensor, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Frames, depths and masks of T poses."""
    frames, depths, masks = zip(*(see(pose, intrinsics, height, width) for pose in poses), strict=True)
    return torch.stack(frames), torch.stack(depths), torch.stack(masks)


def hints_of(memory: Memory, poses: Tensor, intrinsics: Tensor, height: int, width: int) -> Hints:
    """Hints of one world, without the axis of worlds."""
    hints = render([memory], poses[None], intrinsics[None], height, width, [0], [0])
    return Hints(**{name: value[0] for name, value in vars(hints).items()})


def walk(step: int) -> Tensor:
    """Poses of one step along the hall."""
    return torch.stack([pose_at(-9.0 + 0.5 * step + 0.125 * t, 0.5, 0.05 * step + 0.02 * t) for t in range(NUM_FRAMES)])


def in_view(memory: Memory, poses: Tensor, intrinsics: Tensor, height: int, width: int) -> int:
    """Points that survive culling."""
    scene = retrieve(memory, View(poses.double().numpy(), intrinsics.double().numpy(), height, width))
    return len(scene.static_and_sky) + len(scene.moving)


def filled(height: int, width: int, intrinsics: Tensor, points: int) -> Memory:
    """A memory of the hall, seen from ever more places, until it has that many points."""
    memory, rng = Memory.empty(), np.random.default_rng(0)
    while memory.num_static < points:
        x, y, yaw = rng.uniform(-11, 9), rng.uniform(-8, 8), rng.uniform(-0.6, 0.6)
        pose = pose_at(float(x), float(y), float(yaw))[None]
        # Without hints only voxels thin, which fills the memory to the brim.
        memory = write(memory, *shots(pose, intrinsics, height, width), pose, intrinsics, None, 0, 0)
    return memory


def milliseconds(call: Callable[[], Any], repeats: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Median time of a call; by `time.process_time` that of all cores together, which other programs disturb less."""
    call()
    times = []
    for _ in range(repeats):
        start = clock()
        call()
        times.append(1e3 * (clock() - start))
    return statistics.median(times)


def by_torch(memory: Memory, poses: Tensor, intrinsics: Tensor, height: int, width: int) -> Hints:
    """The peer in torch operations."""
    from wm_gym.memory.render import SAMPLES  # a checkout that is timed may have none
    from wm_gym.memory.render_torch import render_on_device

    view = View(poses.double().numpy(), intrinsics.double().numpy(), height, width)
    clock, device = [(0, 0)], torch.device("cpu")
    return render_on_device([retrieve(memory, view)], [view], [memory.config], clock, SAMPLES, device)


def open3d_call(memory: Memory, poses: Tensor, intrinsics: Tensor, height: int, width: int) -> Callable[[], Any] | None:
    """The peer in Open3D: projection of the same static points at the same poses, or None without Open3D."""
    try:
        open3d = import_open3d()
    except ImportError:
        return None
    scene = retrieve(memory, View(poses.double().numpy(), intrinsics.double().numpy(), height, width))
    points = scene.static_and_sky.take(slice(scene.num_static))
    cloud = open3d.t.geometry.PointCloud.from_legacy(to_open3d(points.positions, points.colours))
    fx, fy, cx, cy = intrinsics.tolist()
    matrix = np.array([[fx, 0, cx - 0.5], [0, fy, cy - 0.5], [0, 0, 1]])
    extrinsics = [np.linalg.inv(pose.double().numpy()) for pose in poses]
    return lambda: [cloud.project_to_rgbd_image(width, height, matrix, e, 1.0, 100.0) for e in extrinsics]


def measure(height: int, width: int, repeats: int) -> dict[str, float]:
    """All figures of one frame size, milliseconds unless the key says otherwise."""
    intrinsics = intrinsics_from_fov(65.0, height, width)
    memory = filled(height, width, intrinsics, HALL_POINTS)
    here = memory, walk(0), intrinsics, height, width
    hints, seen = hints_of(*here), shots(walk(0), intrinsics, height, width)
    key = f"memory_{height}x{width}"
    figures = {f"{key}_points_in_view": float(in_view(*here)), f"{key}_points": float(memory.num_static)}
    figures[f"{key}_bytes"] = float(memory.nbytes)
    figures[f"{key}_render_ms"] = milliseconds(lambda: hints_of(*here), repeats)
    put = (*seen, walk(0), intrinsics, hints, 0, 0)
    figures[f"{key}_write_ms"] = milliseconds(lambda: write(memory, *put), repeats)
    figures[f"{key}_render_cpu_ms"] = milliseconds(lambda: hints_of(*here), repeats, time.process_time)
    figures[f"{key}_write_cpu_ms"] = milliseconds(lambda: write(memory, *put), repeats, time.process_time)
    figures[f"{key}_step_ms"] = figures[f"{key}_render_ms"] + figures[f"{key}_write_ms"]
    fresh = Memory.empty()
    figures[f"{key}_write_all_new_ms"] = milliseconds(
        lambda: write(fresh, *seen, walk(0), intrinsics, None, 0, 0), repeats
    )
    figures[f"{key}_torch_render_ms"] = milliseconds(lambda: by_torch(*here), max(repeats // 5, 3))
    figures[f"{key}_torch_over_ours"] = figures[f"{key}_torch_render_ms"] / figures[f"{key}_render_ms"]
    peer = open3d_call(*here)
    if peer is not None:
        figures[f"{key}_open3d_project_ms"] = milliseconds(peer, repeats)
        figures[f"{key}_open3d_over_ours"] = figures[f"{key}_open3d_project_ms"] / figures[f"{key}_render_ms"]
    return figures | measure_eight(key, *here, repeats) | measure_occupancy(key, memory, repeats)


def measure_eight(
    key: str, memory: Memory, poses: Tensor, intrinsics: Tensor, height: int, width: int, repeats: int
) -> dict[str, float]:
    """Rendering and writing eight worlds."""
    batch = [memory] * 8, poses.expand(8, -1, -1, -1), intrinsics.expand(8, -1), height, width, [0] * 8, [0] * 8
    hints, seen = hints_of(memory, poses, intrinsics, height, width), shots(poses, intrinsics, height, width)
    rendering = milliseconds(lambda: render(*batch), max(repeats // 3, 3))
    writing = milliseconds(
        lambda: [write(memory, *seen, poses, intrinsics, hints, 0, 0) for _ in range(8)], max(repeats // 3, 3)
    )
    return {f"{key}_render_8_worlds_ms": rendering, f"{key}_write_8_worlds_ms": writing}


def measure_occupancy(key: str, memory: Memory, repeats: int) -> dict[str, float]:
    """Asking whether eight places are free."""
    places = np.random.default_rng(1).uniform(-8, 8, (8, 2))
    return {f"{key}_occupied_8_ms": milliseconds(lambda: occupied(memory, places, 0.3, -1.2, 0.0), repeats)}


def scene_at(name: str, height: int, width: int) -> tuple[Memory, Capture]:
    """The memory of a shipped scene, and its keyframes reduced to frames."""
    opening = load_capture(SHIPPED / f"{name}.npz", height, width)
    assert opening.capture is not None
    return memory_of_capture(opening.capture, MemoryConfig()), reduced(opening.capture, height, width)


def hints_db(memory: Memory, truth: Capture, **settings: int) -> float:
    """PSNR of the hints at the poses of keyframes, each by itself, where these know a static surface or the sky."""
    height, width = truth.depth.shape[1:]
    errors = []
    for k in range(len(truth.frames)):
        pose = truth.world_from_camera[k][None, None]
        hints = render([memory], pose, truth.intrinsics[None], height, width, [0], [0], **settings)
        known = hints.seen[0, 0] & (truth.depth[k] > 0) & ~truth.moving[k]
        errors.append((hints.colour[0, 0][known].float() - truth.frames[k][known].float()).square().mean().item())
    return 10 * math.log10(255**2 / statistics.mean(errors))


def measure_hints(height: int, width: int) -> dict[str, float]:
    """PSNR of hints against the truth in each scene."""
    figures = {}
    for name in SCENES:
        memory, truth = scene_at(name, height, width)
        figures[f"hints_db_{name}"] = hints_db(memory, truth)
        figures[f"hints_one_sample_db_{name}"] = hints_db(memory, truth, samples=1)
    return figures


def serve(height: int, width: int) -> None:
    """Say how near hints are to the truth; then, for each line of input, the time of steps through a scene."""
    memory, truth = scene_at(SCENES[0], height, width)
    print(json.dumps({"db": hints_db(memory, truth)}), flush=True)
    starts = truth.world_from_camera[::4]
    ahead = starts[:, None, :3, 2:3] * (0.12 * torch.arange(NUM_FRAMES))[None, :, None, None]
    poses = starts[:, None].repeat(1, NUM_FRAMES, 1, 1)
    poses[..., :3, 3:] += ahead
    for _ in sys.stdin:
        spent = {"render_ms": 0.0, "write_ms": 0.0}
        for step in poses:
            began = time.process_time()
            hints = hints_of(memory, step, truth.intrinsics, height, width)
            spent["render_ms"] += 1e3 * (time.process_time() - began) / len(poses)
            depth = torch.where(hints.seen, hints.log_depth.exp(), 5.0)  # what is unseen is written
            began = time.process_time()
            write(memory, hints.colour, depth, hints.moving, step, truth.intrinsics, hints, 0, 0)
            spent["write_ms"] += 1e3 * (time.process_time() - began) / len(poses)
        print(json.dumps(spent), flush=True)


def against(folder: Path, height: int, width: int) -> dict[str, float]:
    """Processor milliseconds of a render and a write in another checkout and in this one, by turns, and hints' PSNR."""
    command = [sys.executable, __file__, "--serve", f"{height}x{width}"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    paths = [{**os.environ, "PYTHONPATH": str(where)} for where in (folder.resolve(), HERE)]
    both = [subprocess.Popen(command, env=path, **pipes) for path in paths]

    def answer(which: int) -> dict[str, float]:
        stream = both[which].stdout
        assert stream is not None
        return json.loads(stream.readline())

    opened = [answer(which) for which in (0, 1)]
    rows: list[list[dict[str, float]]] = [[], []]
    for k in range(ROUNDS + 1):
        for which in (0, 1) if k % 2 else (1, 0):
            stream = both[which].stdin
            assert stream is not None
            stream.write("\n")
            stream.flush()
            rows[which].append(answer(which))
    for process in both:
        process.communicate()
    figures = {}
    for name, one, rounds in (("before", opened[0], rows[0]), ("now", opened[1], rows[1])):
        figures[f"{name}_hints_db"] = one["db"]
        for key in ("render_ms", "write_ms"):
            figures[f"{name}_{key}"] = statistics.median(each[key] for each in rounds[1:])
    return {f"paired_{height}x{width}_{key}": value for key, value in figures.items()}


def main() -> None:
    """Measure, print a table, write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="PATH", help="write the figures and the machine as JSON")
    parser.add_argument("--repeats", type=int, default=30, help="calls for each median")
    parser.add_argument("--before", type=Path, metavar="DIR", help="a checkout to be timed against, by turns")
    parser.add_argument("--serve", metavar="HxW", help="answer the other process of `--before`")
    args = parser.parse_args()
    if args.serve:
        torch.set_num_threads(1)
        return serve(*(int(number) for number in args.serve.split("x")))
    figures = {"memory_threads": float(len(os.sched_getaffinity(0)))}
    for height, width in ((48, 64), (96, 128)):
        if args.before:
            figures |= against(args.before, height, width)
        else:
            figures |= measure(height, width, args.repeats)
    if not args.before:
        figures |= measure_hints(48, 64)
    print(machine_line())
    for name, value in figures.items():
        print(f"{name:44s} {value:14.2f}")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(figures | {"machine": machine()}, file, indent=2)


if __name__ == "__main__":
    main()
