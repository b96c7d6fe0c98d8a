"""Rendering once more, slow and plain, written from the definition with 2 x 2 matrices, to check the fast ones."""

from __future__ import annotations

import math

import numpy as np

from wm_gym.memory.blocks import Points, Row
from wm_gym.memory.memory import Memory


def plain_hints(memory: Memory, pose: np.ndarray, lens: np.ndarray, height: int, width: int, frame: int, bits: int):
    """Dict of the hints of one pose, as `Hints` names them."""
    shape = (height, width)
    hints = {
        "colour": np.zeros((*shape, 3), np.uint8),
        "log_depth": np.zeros(shape),
        "seen": np.zeros(shape, bool),
        "moving": np.zeros(shape, bool),
        "age": np.zeros(shape, int),
        "same_appearance": np.zeros(shape, bool),
        "area": np.zeros(shape, np.float32),
    }
    static_and_sky = [(patch, False) for patch in _patches(memory.static)] + [
        (patch, True) for patch in _patches(memory.sky)
    ]
    for patches, is_moving in ((static_and_sky, False), ([(p, False) for p in _patches((memory.moving,))], True)):
        pixels = _cover(patches, pose, lens, height, width, memory.config)
        for (row, column), hits in pixels.items():
            _settle(hints, row, column, hits, is_moving, memory.config, frame, bits)
    return hints


def _patches(rows: tuple[Row, ...]):
    points = Points.cat([row.points() for row in rows])
    for i in range(len(points)):
        sides = points.tangents[i].reshape(2, 3) * (float(points.geometry[i, 3]) / 1024)
        worth = 1e-3 if points.record[i, 0] >> 24 else 1.0
        yield (
            points.geometry[i, :3].astype(float),
            sides,
            worth,
            points.colours[i],
            points.record[i, 1],
            points.record[i, 2],
        )


def _cover(patches, pose, lens, height, width, config):
    """For each pixel, what covers it: (depth, weight, colour, frame, appearance, is sky, area)."""
    fx, fy, cx, cy = lens
    rotation, origin = pose[:3, :3].T, pose[:3, 3]
    pixels: dict[tuple[int, int], list] = {}
    for (place, sides, worth, colour, frame, bits), is_sky in patches:
        p = rotation @ (place - (0 if is_sky else origin))
        if p[2] < (1e-6 if is_sky else config.near_metres):
            continue
        centre = np.array([fx * p[0] / p[2] + cx, fy * p[1] / p[2] + cy])
        by_point = np.array([[fx, 0, -fx * p[0] / p[2]], [0, fy, -fy * p[1] / p[2]]]) / p[2]
        in_camera = sides @ rotation.T
        jacobian = (by_point @ in_camera.T).T  # rows: the two sides on the screen
        sharp = 1 / (0.3 + abs(np.linalg.det(jacobian)))
        size = np.square(jacobian).sum(axis=0).max()
        shrink = min(1.0, (config.max_splat_pixels**2 / 0.58 - 0.25) / max(size, 1e-12))
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
                    hit = (depth, weight, colour, frame, bits, is_sky, 1 / sharp - 0.3)
                    pixels.setdefault((row, column), []).append(hit)
    return pixels


def _settle(hints, row, column, hits, is_moving, config, frame, bits):
    limit = min(hit[0] for hit in hits) * (1 + config.surface_tolerance) + config.surface_metres
    hits = [hit for hit in hits if hit[0] <= limit]
    total = sum(hit[1] for hit in hits)
    mean = sum(hit[0] * hit[1] for hit in hits) / total
    log_depth = math.log(config.far_metres if hits[0][5] else min(mean, 0.99 * config.far_metres))
    if hints["seen"][row, column] and log_depth > hints["log_depth"][row, column] + math.log1p(
        config.surface_tolerance
    ):
        return
    best = max(hits, key=lambda hit: hit[1])
    hints["colour"][row, column] = np.floor(sum(hit[2] * hit[1] for hit in hits) / total + 0.5)
    hints["log_depth"][row, column] = log_depth
    hints["seen"][row, column] = True
    hints["moving"][row, column] = is_moving
    hints["age"][row, column] = max(frame - best[3], 0)
    hints["same_appearance"][row, column] = best[4] == bits
    hints["area"][row, column] = best[6]
