"""Depth of real pictures against true depth: stereo pairs of Middlebury that Debian's and scikit-image's packages hold.

    python examples/real_inputs.py fetch outputs/real
    python benchmarks/real_pictures.py outputs/real [--depth embedded ground MODEL ...] [--sheet PNG] [--json PATH]

MODEL is what `log.depth` takes: a folder or hub id of a depth model of transformers, or a `.safetensors` of the recipe
"depth". Each sees the left picture alone, from a camera that is taken to be level and 1.6 m high, with its true lens;
one that compares frames is asked beside the right picture too ("beside"). Figures are AbsRel and the share of pixels
within 1.25 of the truth, of a model's own metres (of disparity, those that the floor gives, if there is any), after
one scale (median of ratios, Zhou et al. 2017), and after scale and shift of inverse depth (least squares, Ranftl et
al. 2020, equation 4). "flat" is 2 m everywhere: what is told by nobody. "stereo" is what the multi-view stereo of films
(`reconstruction.multiview`) makes of both pictures and the known pose, held near 2 m and believed up to 6 m; what the
right picture does not show is unknown and not counted ("known" is the share that is). The sheet has one colour scale
for each pair: picture, truth, own metres; below, the metres after scale and shift.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.reconstruction.depth_estimator import GROUND, find_estimator, opening_depth
from wm_gym.reconstruction.estimates import DepthEstimator, DepthQuery
from wm_gym.reconstruction.multiview import PosedPictures, stereo_depth
from wm_gym.reconstruction.one_picture import ground_and_wall

SHOWN_ROWS, REDUCED, FARTHEST_METRES = 240, 2, 6.0
WITHIN, FLAT_METRES = 1.25, 2.0
_STEPS = np.array([[48, 18, 59], [70, 107, 227], [40, 187, 235], [50, 242, 152], [164, 252, 60], [238, 207, 58],
                   [251, 128, 34], [208, 47, 5], [122, 4, 3]])  # fmt: skip
"""Colours from near to far, nine of the map "turbo". Source: Mikhailov 2019."""


@dataclass(frozen=True)
class Pair:
    """A rectified stereo pair with true depth.

    Attributes:
        left: (H, W, 3) uint8.
        right: (H, W, 3) uint8, shifted until it has the lens of the left one; black where it shows nothing.
        metres: (H, W) planar depth of the left picture, 0 unknown.
        lens: (4,) fx, fy, cx, cy in pixels of both.
        baseline_metres: From the left camera to the right one, along x.
    """

    left: np.ndarray
    right: np.ndarray
    metres: np.ndarray
    lens: torch.Tensor
    baseline_metres: float


def motorcycle(folder: Path) -> Pair:
    """Middlebury 2014 at a quarter of its size; calibration as scikit-image's documentation has it."""
    disparity = np.load(folder / "motorcycle_disp.npz")["arr_0"].astype(np.float64)
    disparity = np.where(np.isfinite(disparity), disparity, 0.0)
    lens = 994.978, 994.978, 311.193, 254.877
    return _pair(folder, ("motorcycle_left.png", "motorcycle_right.png"), disparity, lens, 31.086, 0.193001)


def aloe(folder: Path) -> Pair:
    """Middlebury 2006, every other row and column of the full size.

    The data set's pages give the focal length and the baseline, its `dmin.txt` what was cropped between the pictures,
    which is added to disparities; the principal point is taken to be the middle of the left picture.
    """
    disparity = np.asarray(Image.open(folder / "aloeGT.png")).astype(np.float64)
    height, width = disparity.shape
    pair = _pair(folder, ("aloeL.jpg", "aloeR.jpg"), disparity, (3740.0, 3740.0, width / 2, height / 2), 270.0, 0.160)
    left, right = (np.array(Image.fromarray(one).reduce(2)) for one in (pair.left, pair.right))
    return Pair(left, right, pair.metres[::2, ::2], pair.lens / 2, pair.baseline_metres)


PAIRS = {"motorcycle": motorcycle, "aloe": aloe}


def _pair(
    folder: Path, names: tuple[str, str], disparity: np.ndarray, lens: tuple[float, ...], offset: float, metres: float
) -> Pair:
    """A pair whose right principal point lies `offset` pixels farther right; a disparity of 0 is unknown."""
    left, right = (np.array(Image.open(folder / name).convert("RGB")) for name in names)
    shifted, moved = np.zeros_like(right), round(offset)
    shifted[:, :-moved] = right[:, moved:]
    known = disparity > 0
    depth = np.where(known, metres * lens[0] / (np.where(known, disparity, 1.0) + offset), 0.0)
    return Pair(left, shifted, depth, torch.tensor(lens, dtype=torch.float32), metres)


def main() -> None:
    """Print a table, and write it as JSON; draw a sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--depth", nargs="+", default=["embedded", "ground"])
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures, rows = {}, []
    for name, read in PAIRS.items():
        pair = read(asked.folder)
        made = estimates(pair, asked.depth)
        figures[name] = {who: scores(metres, pair.metres) for who, metres in made.items()}
        rows.append(sheet(pair, made))
    for name, table in figures.items():
        for who, values in table.items():
            print(f"{name:11s} {who:18s} " + "  ".join(f"{key} {value:.2f}" for key, value in values.items()))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))
    if asked.sheet:
        width = max(row.shape[1] for row in rows)
        padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]
        Image.fromarray(np.concatenate(padded)).save(asked.sheet)


def estimates(pair: Pair, names: list[str]) -> dict[str, np.ndarray]:
    """Metres (H, W) of the left picture by whom they are from."""
    made: dict[str, np.ndarray] = {"flat": np.full(pair.metres.shape, FLAT_METRES), "stereo": stereo(pair)}
    for name in names:
        estimator, told = find_estimator(name), Path(name).name
        if estimator is None:
            made[GROUND] = ground_and_wall(pair.lens, *pair.metres.shape).numpy()
            continue
        made[told] = alone(estimator, pair)
        if estimator.takes_known:  # the kind that compares frames
            made[f"{told}, beside"] = beside(estimator, pair)
    return {who: metres.astype(np.float64) for who, metres in made.items()}


def alone(estimator: DepthEstimator, pair: Pair) -> np.ndarray:
    """Metres of the left picture; of disparity without a floor, as if it were of one over metres."""
    query = DepthQuery.of_level(torch.from_numpy(pair.left)[None], pair.lens)
    try:
        return opening_depth(estimator, query)[0].depth[0].numpy()
    except ValueError as error:
        print(f"own metres are of no scale: {error}")
        given = estimator.estimate(query).depth[0]
        return (1 / given.clamp(min=1e-3 * float(given.max()))).numpy()


def beside(estimator: DepthEstimator, pair: Pair) -> np.ndarray:
    """Metres of the left picture beside the right one, whose pose is known."""
    poses = torch.from_numpy(camera_pose(START_BODY_POSE)).float().repeat(2, 1, 1)
    poses[1, :3, 3] += pair.baseline_metres * poses[0, :3, 0]
    frames = torch.from_numpy(np.stack([pair.left, pair.right]))
    query = DepthQuery(frames, pair.lens, poses, follows=True, gaps=(1, 1))
    return estimator.estimate(query).depth[0].numpy()


def stereo(pair: Pair) -> np.ndarray:
    """Metres of the left picture by parallax, 0 where the right one does not show it."""
    greys = [np.array(Image.fromarray(one).reduce(REDUCED).convert("L"), np.float32) for one in (pair.left, pair.right)]
    poses = np.tile(np.eye(4), (3, 1, 1))
    poses[1:, 0, 3] = pair.baseline_metres
    flat, lens = np.full((3, *greys[0].shape), FLAT_METRES, np.float32), pair.lens.double().numpy() / REDUCED
    # the right picture twice, since stereo asks for two
    depth = stereo_depth(PosedPictures(np.stack([greys[0], greys[1], greys[1]]), poses, lens, flat))[0][0]
    columns = np.arange(depth.shape[1]) - lens[0] * pair.baseline_metres / np.maximum(depth, 1e-3)
    metres = np.where((columns >= 0) & (depth < FARTHEST_METRES), depth, 0.0)
    rows, columns = pair.metres.shape
    large = metres.repeat(REDUCED, 0).repeat(REDUCED, 1)
    missing = ((0, max(0, rows - len(large))), (0, max(0, columns - large.shape[1])))
    return np.pad(large, missing, mode="edge")[:rows, :columns]


def scores(made: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Figures of metres where the true ones are known."""
    known = (true > 0) & (made > 0)
    share = float(known.sum() / (true > 0).sum())
    made, true = made[known], true[known]
    ways = {"": made, "_scaled": made * np.median(true / made), "_aligned": aligned(made, true)}
    told = {f"absrel{way}": float(np.mean(np.abs(one - true) / true)) for way, one in ways.items()}
    within = {f"within{way}": float(np.mean(np.maximum(one / true, true / one) < WITHIN)) for way, one in ways.items()}
    return told | within | {"known": share}


def aligned(made: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Metres (P,) after the scale and shift of inverse depth of least squares; none is farther than twice the truth."""
    scale, shift = _line(made, true)
    return 1 / np.maximum(scale / made + shift, 0.5 / true.max())


def _line(made: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    columns = np.stack([1 / made, np.ones_like(made)], 1)
    scale, shift = np.linalg.lstsq(columns, 1 / true, rcond=None)[0]
    return float(scale), float(shift)


def sheet(pair: Pair, made: dict[str, np.ndarray]) -> np.ndarray:
    """(2 h, w, 3) picture, truth and own metres; below, the right picture and metres after scale and shift."""
    known = pair.metres > 0
    low, high = np.log(pair.metres[known].min() / 1.5), np.log(1.5 * pair.metres.max())
    far = 2 * pair.metres.max()
    after = {}
    for who, metres in made.items():
        both = known & (metres > 0)
        scale, shift = _line(metres[both], pair.metres[both])
        after[who] = np.where(metres > 0, 1 / np.maximum(scale / np.maximum(metres, 1e-6) + shift, 1 / far), 0.0)
    own = [_labelled(pair.left, "left"), _labelled(coloured(pair.metres, low, high), "truth")]
    own += [_labelled(coloured(metres, low, high), who) for who, metres in made.items()]
    below = [_labelled(pair.right, "right"), _labelled(coloured(pair.metres, low, high), "truth")]
    below += [_labelled(coloured(metres, low, high), f"{who}, aligned") for who, metres in after.items()]
    return np.concatenate([np.concatenate(own, 1), np.concatenate(below, 1)])


def coloured(metres: np.ndarray, low: float, high: float) -> np.ndarray:
    """(H, W, 3) uint8 of metres (H, W) between two log-depths; black where they are unknown (0)."""
    share = (np.log(np.maximum(metres, 1e-6)) - low) / (high - low) * (len(_STEPS) - 1)
    at = np.arange(len(_STEPS))
    shown = np.stack([np.interp(share, at, _STEPS[:, c]) for c in range(3)], -1)
    return np.where(metres[..., None] > 0, shown, 0).astype(np.uint8)


def _labelled(picture: np.ndarray, label: str) -> np.ndarray:
    rows, columns = picture.shape[:2]
    small = Image.fromarray(picture).resize((round(columns * SHOWN_ROWS / rows), SHOWN_ROWS))
    ImageDraw.Draw(small).text((4, 4), label, fill=(255, 255, 255), stroke_width=2, stroke_fill=(0, 0, 0))
    return np.asarray(small)


if __name__ == "__main__":
    main()
