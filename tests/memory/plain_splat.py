"""Rendering once more, slow and plain, written from the definition with 2 x 2 matrices, to check the fast ones."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch

from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.points import Points
from wm_gym.memory.retrieve import VisiblePoints


def plain_hints(visible: VisiblePoints, pose, lens, size, config: MemoryConfig, frame: int, bits: int, samples: int):
    """Dict of the hints (1, H, W) of one pose, as `Hints` names them, of the points that `retrieve` gives."""
    shape = height, width = size
    static, moving = visible.static_and_sky, visible.moving
    layers = [(patch, k >= visible.num_static) for k, patch in enumerate(_patches(static))], _patches(moving)
    fine: dict[tuple[int, int], dict] = {}
    for patches, is_moving in ((layers[0], False), ([(p, False) for p in layers[1]], True)):
        pixels = _cover(patches, pose, samples * lens, samples * height, samples * width, config)
        for place, hits in pixels.items():
            _settle(fine, place, hits, is_moving, config)
    hints = {
        "colour": np.zeros((*shape, 3), np.uint8),
        "log_depth": np.zeros(shape),
        "seen": np.zeros(shape, bool),
        "moving": np.zeros(shape, bool),
        "age": np.zeros(shape, int),
        "same_appearance": np.zeros(shape, bool),
        "area": np.zeros(shape, np.float32),
        "from_behind": np.zeros(shape, bool),
    }
    for row in range(height):
        for column in range(width):
            places = itertools.product(range(samples), range(samples))
            shown = [fine.get((samples * row + y, samples * column + x)) for y, x in places]
            _reduce(hints, (row, column), [one for one in shown if one], config, frame, bits, samples)
    return {name: torch.from_numpy(value)[None] for name, value in hints.items()}


def _patches(points: Points):
    for i in range(len(points)):
        sides = points.tangents[i].reshape(2, 3) * (float(points.geometry[i, 3]) / 1024)
        factor = 1e-3 if points.record[i, 0] >> 24 else 1.0
        position, record = points.geometry[i, :3].astype(float), points.record[i]
        yield (position, sides, factor, points.colours[i], record[1], record[2], i)


def _cover(patches, pose, lens, height, width, config):
    """For each pixel, what covers it: (depth, weight, colour, frame, appearance, number, area, < 0 from behind)."""
    fx, fy, cx, cy = lens
    rotation, origin = pose[:3, :3].T, pose[:3, 3]
    pixels: dict[tuple[int, int], list] = {}
    for (place, sides, worth, colour, frame, bits, number), is_sky in patches:
        p = rotation @ (place - (0 if is_sky else origin))
        if p[2] < (1e-6 if is_sky else config.near_metres):
            continue
        centre = np.array([fx * p[0] / p[2] + cx, fy * p[1] / p[2] + cy])
        by_point = np.array([[fx, 0, -fx * p[0] / p[2]], [0, fy, -fy * p[1] / p[2]]]) / p[2]
        in_camera = sides @ rotation.T
        jacobian = (by_point @ in_camera.T).T  # rows: the two sides on the screen
        facing = np.linalg.det(jacobian)
        sharp = (1 if facing >= 0 or is_sky else 1e-3) * (abs(facing) / (0.3**2 + facing**2) + 1e-3)
        size = np.square(jacobian).sum(axis=0).max()
        shrink = min(1.0, ((config.max_splat_widths * width) ** 2 / 0.58 - 0.25) / max(size, 1e-12))
        spread = shrink * jacobian.T @ jacobian + (0.25 + max(0.5 - size, 0.0)) * np.eye(2)
        slope = np.linalg.inv(spread) @ (shrink * jacobian.T @ in_camera[:, 2]) * (not is_sky)
        conic = np.linalg.inv(spread) / 0.58
        reach = np.sqrt(0.58 * np.diag(spread)) + 1
        for row in range(max(math.floor(centre[1] - reach[1]), 0), min(math.ceil(centre[1] + reach[1]), height)):
            for column in range(max(math.floor(centre[0] - reach[0]), 0), min(math.ceil(centre[0] + reach[0]), width)):
                offset = np.array([column + 0.5, row + 0.5]) - centre
                square = offset @ conic @ offset
                if square < 1:
                    depth = 1e6 if is_sky else max(p[2] + slope @ offset, config.near_metres)
                    weight = worth * (sharp * (1 - square) ** 2 + 1e-6)
                    area = abs(facing) if facing >= 0 or is_sky else -abs(facing)
                    hit = (depth, weight, colour, frame, bits, number, area)
                    pixels.setdefault((row, column), []).append(hit)
    return pixels


def _settle(fine, place, hits, is_moving, config):
    limit = min(hit[0] for hit in hits) * (1 + config.surface_tolerance) + config.surface_metres
    hits = [hit for hit in hits if hit[0] <= limit]
    total = sum(hit[1] for hit in hits)
    depth = sum(hit[0] * hit[1] for hit in hits) / total
    if place in fine and depth > fine[place]["depth"] * (1 + config.surface_tolerance):
        return
    best = max(hits, key=lambda hit: hit[1])
    colour = sum(hit[2] * hit[1] for hit in hits) / total
    point = is_moving, best[5]
    fine[place] = {"depth": depth, "colour": colour, "point": point}
    fine[place] |= {"frame": best[3], "bits": best[4], "area": best[6]}


def _reduce(hints, place, shown, config, frame, bits, samples):
    if not shown:
        return
    moves = 2 * sum(one["point"][0] for one in shown) > len(shown)
    by_depth = sorted((one for one in shown if one["point"][0] == moves), key=lambda one: one["depth"])
    near, other = by_depth[(len(by_depth) - 1) // 2], by_depth[len(by_depth) // 2]
    depth, slack = near["depth"], near["depth"] * config.surface_tolerance + config.surface_metres
    of_it = [one for one in shown if abs(one["depth"] - depth) <= slack and one["point"][0] == near["point"][0]]
    if near["point"] == other["point"] or other["depth"] <= depth + slack:
        depth = (near["depth"] + other["depth"]) / 2
    near = of_it[0]
    far = config.far_metres
    hints["colour"][place] = np.floor(sum(one["colour"] for one in shown) / len(shown) + 0.5)
    hints["log_depth"][place] = math.log(far if depth > 5e5 else min(depth, 0.99 * far))
    hints["seen"][place], hints["moving"][place] = True, near["point"][0]
    hints["age"][place], hints["same_appearance"][place] = max(frame - near["frame"], 0), near["bits"] == bits
    hints["area"][place], hints["from_behind"][place] = abs(near["area"]) / samples**2, near["area"] < 0
