"""Kernels of multi-view stereo, compiled for the CPU: matching costs of a plane sweep, and their aggregation.

Shapes: H x W pixels, V other pictures, D planes of equal inverse depth. Knows nothing of poses.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

ZERO, ONE, HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
UNSEEN = np.float32(2.0)
"""Cost of a plane at which another picture does not show the pixel; above every cost."""

_NOISE = np.float32(6.0)
"""Variance of grey below which a window is taken for noise."""

_GREYS = np.float32(30.0)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=True)
def sweep_costs(grey, others, turned, moved, inverse_depths, radius, costs):
    """Fill the cost of each plane at each pixel, 0 alike to 1 unlike, by the better half of the pictures that show it.

    Half of a cost is 1 - ZNCC of windows, half of it the difference of grey.

    Args:
        grey: (H, W) float32, 0..255.
        others: (V, H, W) float32.
        turned: (V, 3, 3) float32, `K R K^-1` of each: pixels of this picture to homogeneous ones of the other.
        moved: (V, 3) float32, `K t` of each.
        inverse_depths: (D,) float32, 1 / metres.
        radius: Pixels of half a window.
        costs: (H, W, D) float32, filled.
    """
    height, width = grey.shape
    views, planes = len(others), len(inverse_depths)
    mean, deviation = _moments(grey, radius)
    of_views = np.empty((views, height, width), np.float32)
    warped, product = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    square, shown = np.empty((height, width), np.float32), np.empty((height, width), np.bool_)
    best = np.empty(views, np.float32)
    for d in range(planes):
        for v in range(views):
            _warp(others[v], turned[v], moved[v] * inverse_depths[d], warped, shown)
            for y in range(height):
                for x in range(width):
                    product[y, x], square[y, x] = grey[y, x] * warped[y, x], warped[y, x] * warped[y, x]
            of_warped, of_square, of_product = _box(warped, radius), _box(square, radius), _box(product, radius)
            for y in range(height):
                for x in range(width):
                    if not shown[y, x]:
                        of_views[v, y, x] = UNSEEN
                        continue
                    variance = max(of_square[y, x] - of_warped[y, x] * of_warped[y, x], ZERO)
                    shared = of_product[y, x] - mean[y, x] * of_warped[y, x]
                    alike = shared / (deviation[y, x] * math.sqrt(variance + _NOISE))
                    off = min(abs(grey[y, x] - warped[y, x]) / _GREYS, ONE)
                    of_views[v, y, x] = HALF * (HALF * (ONE - alike) + off)
        for y in range(height):
            for x in range(width):
                costs[y, x, d] = _better_half(of_views[:, y, x], best)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=True)
def _better_half(costs, best):
    """Mean of the lower half of the costs that are seen, `UNSEEN` where none is."""
    count = 0
    for v in range(len(costs)):
        if costs[v] >= UNSEEN:
            continue
        place = count
        while place > 0 and best[place - 1] > costs[v]:
            best[place] = best[place - 1]
            place -= 1
        best[place] = costs[v]
        count += 1
    if count == 0:
        return UNSEEN
    half, total = (count + 1) // 2, ZERO
    for v in range(half):
        total += best[v]
    return total / np.float32(half)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=True)
def _warp(other, turned, moved, warped, shown):
    """Bilinear samples of a picture where each pixel lies in it at one plane, and whether it does."""
    height, width = other.shape
    for y in range(height):
        v = np.float32(y) + HALF
        for x in range(width):
            u = np.float32(x) + HALF
            z = turned[2, 0] * u + turned[2, 1] * v + turned[2, 2] + moved[2]
            scale = ONE / max(z, np.float32(1e-3))
            at_x = (turned[0, 0] * u + turned[0, 1] * v + turned[0, 2] + moved[0]) * scale - HALF
            at_y = (turned[1, 0] * u + turned[1, 1] * v + turned[1, 2] + moved[1]) * scale - HALF
            inside = (z > 1e-3) & (at_x > -HALF) & (at_x < width - HALF) & (at_y > -HALF) & (at_y < height - HALF)
            shown[y, x] = inside
            if not inside:
                warped[y, x] = ZERO
                continue
            at_x, at_y = (
                min(max(at_x, ZERO), np.float32(width - 1.001)),
                min(max(at_y, ZERO), np.float32(height - 1.001)),
            )
            left, top = int(at_x), int(at_y)
            right, down = at_x - left, at_y - top
            above = other[top, left] + right * (other[top, left + 1] - other[top, left])
            below = other[top + 1, left] + right * (other[top + 1, left + 1] - other[top + 1, left])
            warped[y, x] = above + down * (below - above)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=True)
def _moments(image, radius):
    """Mean and standard deviation (with that of noise) of windows."""
    mean, deviation = _box(image, radius), _box(image * image, radius)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            deviation[y, x] = math.sqrt(max(deviation[y, x] - mean[y, x] * mean[y, x], ZERO) + _NOISE)
    return mean, deviation


@njit(nogil=True, cache=True, error_model="numpy", fastmath=True)
def _box(image, radius):
    """Means over squares around each pixel of an image (H, W), its borders repeated."""
    height, width = image.shape
    share = ONE / np.float32((2 * radius + 1) ** 2)
    sums, out = np.zeros(width, np.float32), np.empty((height, width), np.float32)
    for y in range(-radius, radius + 1):
        for x in range(width):
            sums[x] += image[min(max(y, 0), height - 1), x]
    for y in range(height):
        total = ZERO
        for x in range(-radius, radius + 1):
            total += sums[min(max(x, 0), width - 1)]
        for x in range(width):
            out[y, x] = total * share
            total += sums[min(x + radius + 1, width - 1)] - sums[max(x - radius, 0)]
        for x in range(width):
            sums[x] += image[min(y + radius + 1, height - 1), x] - image[max(y - radius, 0), x]
    return out


@njit(nogil=True, cache=True, error_model="numpy", fastmath=True)
def aggregate(costs, grey, small_jump, large_jump, totals):
    """Add up the costs of the cheapest paths to each pixel from eight sides.

    Source: Hirschmueller 2008, "Stereo processing by semiglobal matching and mutual information", eq. 13.

    Args:
        costs: (H, W, D) float32.
        grey: (H, W) float32: jumps cost less at its edges.
        small_jump: float32 cost of a step to the next plane.
        large_jump: float32 cost of any other.
        totals: (H, W, D) float32, filled.
    """
    height, width, planes = costs.shape
    totals[:] = ZERO
    rows = np.empty((2, width, planes), np.float32)
    least = np.empty((2, width), np.float32)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            if down == 0 and right == 0:
                continue
            first_y, step_y = (0, 1) if down >= 0 else (height - 1, -1)
            first_x, step_x = (0, 1) if right >= 0 else (width - 1, -1)
            for j in range(height):
                y = first_y + step_y * j
                now, before = j % 2, (j + 1) % 2 if down != 0 else j % 2
                for i in range(width):
                    x = first_x + step_x * i
                    from_y, from_x = y - down, x - right
                    lowest = np.float32(1e9)
                    if from_y < 0 or from_y >= height or from_x < 0 or from_x >= width:
                        for d in range(planes):
                            value = costs[y, x, d]
                            rows[now, x, d] = value
                            totals[y, x, d] += value
                            lowest = min(lowest, value)
                        least[now, x] = lowest
                        continue
                    edge = ONE + np.float32(0.1) * abs(grey[y, x] - grey[from_y, from_x])
                    floor = least[before, from_x]
                    jump = floor + max(large_jump / edge, np.float32(1.5) * small_jump)
                    for d in range(planes):
                        cheapest = min(rows[before, from_x, d], jump)
                        if d > 0:
                            cheapest = min(cheapest, rows[before, from_x, d - 1] + small_jump)
                        if d < planes - 1:
                            cheapest = min(cheapest, rows[before, from_x, d + 1] + small_jump)
                        value = costs[y, x, d] + cheapest - floor
                        rows[now, x, d] = value
                        totals[y, x, d] += value
                        lowest = min(lowest, value)
                    least[now, x] = lowest


@njit(nogil=True, cache=True, error_model="numpy")
def cheapest_planes(totals, apart, place, margin):
    """The plane of least cost at each pixel, between planes, and how much more the best other one costs.

    Args:
        totals: (H, W, D) float32.
        apart: Planes from the best within which another one is the same.
        place: (H, W) float32, filled with the plane.
        margin: (H, W) float32, filled with (other - best) / best.
    """
    height, width, planes = totals.shape
    for y in range(height):
        for x in range(width):
            best = 0
            for d in range(planes):
                if totals[y, x, d] < totals[y, x, best]:
                    best = d
            other = np.float32(1e9)
            for d in range(planes):
                if abs(d - best) > apart:
                    other = min(other, totals[y, x, d])
            shift = ZERO
            if 0 < best < planes - 1:
                before, here, after = totals[y, x, best - 1], totals[y, x, best], totals[y, x, best + 1]
                bend = before - here - here + after
                shift = HALF * (before - after) / bend if bend > 1e-9 else ZERO
            place[y, x] = np.float32(best) + shift
            margin[y, x] = (other - totals[y, x, best]) / max(totals[y, x, best], np.float32(1e-6))


@njit(nogil=True, cache=True, error_model="numpy")
def smooth_places(place, radius, apart, smooth):
    """Means of the planes around each pixel that are no farther apart: inverse depth of a flat surface is linear.

    Args:
        place: (H, W) float32 planes.
        radius: Pixels of half a window.
        apart: Planes.
        smooth: (H, W) float32, filled.
    """
    height, width = place.shape
    for y in range(height):
        for x in range(width):
            total, count = ZERO, 0
            for down in range(-radius, radius + 1):
                for right in range(-radius, radius + 1):
                    # both sides or none, or slopes would be flattened at edges
                    one_y, one_x, other_y, other_x = y + down, x + right, y - down, x - right
                    if min(one_y, one_x, other_y, other_x) < 0:
                        continue
                    if max(one_y, other_y) >= height or max(one_x, other_x) >= width:
                        continue
                    one, other = place[one_y, one_x], place[other_y, other_x]
                    if abs(one - place[y, x]) <= apart and abs(other - place[y, x]) <= apart:
                        total += one
                        count += 1
            smooth[y, x] = total / np.float32(count)
