"""Depth, moving things and ways of cameras from colours alone, against the twin.

    wm-gym collect output=outputs/test split=test num_clips=60 steps=12 event_share=0 seed=11
    wm-gym collect output=outputs/films split=test num_clips=18 steps=25 height=192 width=256 event_share=0 seed=31
    python benchmarks/reconstruction.py --frames outputs/test --films outputs/films [--depth WEIGHTS] [--json PATH]

Of frames: AbsRel of depth from 0.3 to 20 m alone, beside earlier frames of known pose, and with what an earlier frame
saw (`hinted`), and of the guess that opens pictures without a network; IoU of the mask of what moves. Of films: clips
become .mp4, of which nothing but the pictures is kept, and captures by `wm-gym capture`; the error of the way (ATE)
over its key frames as a share of the path, AbsRel of their depth, and how well the memory of the capture shows the
film's other frames at their true poses, in dB, on pixels that it and the memory of the true capture (the same key
frames with the twin's depth and poses) both know. `--pictures` is a folder for what is looked at.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image

from wm_gym.files.video import VideoWriter
from wm_gym.geometry.cameras import resize_intrinsics
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.keyframes import build_memory
from wm_gym.memory.render import render
from wm_gym.reconstruction.depth_estimator import find_estimator
from wm_gym.reconstruction.depth_weights import load_depth
from wm_gym.scenes.logs.convert import LogConfig
from wm_gym.scenes.logs.films import convert_film
from wm_gym.scenes.logs.opening_view import world_at
from wm_gym.train_world.data.recordings import Clip, Recordings
from wm_gym.train_world.depth.clips import DepthClip, read_depth_clips
from wm_gym.train_world.depth.scores import HeldOutDepth, absrel
from wm_gym.world_model import Capture

SHIPPED = Path(__file__).parents[1] / "wm_gym" / "reconstruction" / "shipped" / "depth.safetensors"
FRAMES_EACH, SHOWN_FRAMES, LEAST_PATH_METRES = 60, 12, 2.0
ROWS, COLUMNS = 48, 64


@dataclass(frozen=True)
class Walk:
    """A filmed walk: the twin's clip, and the seconds of its key frames."""

    clip: Clip
    rows: list[int]


def main() -> None:
    """Print tables, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path)
    parser.add_argument("--films", type=Path)
    parser.add_argument("--depth", default=str(SHIPPED))
    parser.add_argument("--most", type=int, default=10_000, help="films")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures = {}
    if asked.frames:
        figures["frames"] = frame_figures(read_depth_clips([Recordings(asked.frames)]), asked.depth, asked.pictures)
    if asked.films:
        figures["films"] = film_figures(Recordings(asked.films), asked.depth, asked.pictures, asked.most)
    for table in figures.values():
        for row, values in table.items():
            print(f"{row:24s} " + "  ".join(f"{name} {_told(value)}" for name, value in values.items()))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


def frame_figures(clips: list[DepthClip], weights: str, pictures: Path | None) -> dict[str, dict[str, float]]:
    """Figures by family of places, and of all."""
    network, table = load_depth(Path(weights)), {}
    for family in [*dict.fromkeys(clip.family for clip in clips), ""]:
        own = [clip for clip in clips if clip.family == family or not family]
        score = HeldOutDepth(own, FRAMES_EACH)(network)
        table[family or "all"] = dict(score.figures)
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            Image.fromarray(score.strip).save(pictures / f"depth_{family or 'all'}.png")
    return table


def film_figures(films: Recordings, depth: str, pictures: Path | None, most: int) -> dict[str, dict[str, float | str]]:
    """Figures of each walk that is long enough."""
    table: dict[str, dict[str, float | str]] = {}
    for number in range(min(most, len(films))):
        clip = films.clip(number)
        path = float(np.linalg.norm(np.diff(clip.world_from_camera[:, :3, 3], axis=0), axis=1).sum())
        if path >= LEAST_PATH_METRES:
            name = f"{number} {clip.place.family}/{clip.place.seed} {clip.policy}"
            table[name] = {"path": path, **_film(clip, path, depth, pictures, f"{number}_{clip.place.family}")}
            print(name, table[name], flush=True)
    return table


def _film(clip: Clip, path: float, depth: str, pictures: Path | None, name: str) -> dict[str, float | str]:
    estimator, (rows, columns) = find_estimator(depth), clip.depth.shape[1:]
    assert estimator is not None
    config = LogConfig(intrinsics=[float(one) for one in clip.intrinsics])
    with TemporaryDirectory() as folder:
        film = Path(folder) / "walk.mp4"
        with VideoWriter(film, clip.spec.fps, rows, columns) as video:
            for frame in clip.frames:
                video.add(frame)
        try:
            opening, report = convert_film(film, estimator, config, height=rows, width=columns, keyframes=24)
        except ValueError as error:
            return {"refused": str(error).replace(str(film), "it")}
    assert opening.capture is not None
    walk = Walk(clip, [_row(row["file"], clip) for row in report["kept"]])
    true = _true_capture(walk, _row(report["opens_at"], clip), opening.capture)
    made, count = opening.capture, len(walk.rows)
    known = made.depth[-count:] > 0
    figures: dict[str, float | str] = {
        "ate_percent": 100 * _ate(_keyed(made, count), _keyed(true, count)) / path,
        "absrel": absrel(torch.where(known, made.depth[-count:].float(), 1e3).clamp(max=100.0), true.depth[-count:]),
        "source": report["notes"][1].split(", ")[0].removeprefix("the way is by "),
    }
    return figures | _shown(walk, made, true, pictures, name)


def _row(name: str, clip: Clip) -> int:
    return min(len(clip.frames) - 1, round(float(name.removesuffix(" s")) * clip.spec.fps))


def _keyed(capture: Capture, count: int) -> np.ndarray:
    return capture.world_from_camera[-count:, :3, 3].double().numpy()


def _ate(made: np.ndarray, true: np.ndarray) -> float:
    """Root mean square distance of positions (K, 3) after the best rigid motion. Source: Umeyama 1991."""
    left, right = made - made.mean(0), true - true.mean(0)
    u, _, v = np.linalg.svd(right.T @ left)
    turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ v))]) @ v
    return float(np.sqrt(((right - left @ turn.T) ** 2).sum(1).mean()))


def _true_capture(walk: Walk, first: int, made: Capture) -> Capture:
    """The same key frames with the twin's depth and poses, in the world that the film opens."""
    clip, rows = walk.clip, walk.rows
    world = _world(clip, first)
    poses = torch.from_numpy(world @ clip.world_from_camera[rows].astype(np.float64)).float()
    depth = torch.from_numpy(clip.depth[rows].astype(np.float32))
    still = torch.where(torch.from_numpy(clip.moving[rows]), 0.0, depth)
    return Capture(torch.from_numpy(clip.frames[rows]), still, torch.zeros_like(still, dtype=torch.bool), poses,
                   made.intrinsics)  # fmt: skip


def _world(clip: Clip, first: int) -> np.ndarray:
    return world_at(clip.world_from_camera[first].astype(np.float64), np.array([0.0, 0.0, 1.0]), None)


def _shown(walk: Walk, made: Capture, true: Capture, pictures: Path | None, name: str) -> dict[str, float | str]:
    """PSNR of what two memories show of the frames between key frames, and a strip: frame, true memory, film's."""
    clip, first = walk.clip, walk.rows[0]
    rows = [row for row in np.linspace(2, len(clip.frames) - 3, SHOWN_FRAMES).astype(int) if row not in walk.rows]
    world = _world_of(true, walk, first)
    poses = torch.from_numpy(world @ clip.world_from_camera[rows].astype(np.float64)).float()
    scale = clip.depth.shape[1] / ROWS
    lens = resize_intrinsics(torch.from_numpy(clip.intrinsics), 1 / scale, 1 / scale)
    frames = np.stack([np.asarray(Image.fromarray(clip.frames[row]).resize((COLUMNS, ROWS), Image.Resampling.BOX))
                       for row in rows])  # fmt: skip
    still = ~np.stack([_small(clip.moving[row]) for row in rows])
    (of_true, seen_true), (of_made, seen_made) = (_views(one, poses, lens) for one in (true, made))
    both = seen_true & seen_made & still
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        strip = np.concatenate([np.concatenate(list(one), 1) for one in (frames, of_true, of_made)], 0)
        Image.fromarray(strip).resize((strip.shape[1] * 2, strip.shape[0] * 2), 0).save(pictures / f"film_{name}.png")
    return {
        "db_true": _psnr(of_true, frames, both),
        "db_film": _psnr(of_made, frames, both),
        "known": float(seen_made.mean()),
        "known_true": float(seen_true.mean()),
    }


def _world_of(true: Capture, walk: Walk, first: int) -> np.ndarray:
    """The world of the true capture from the clip's."""
    return true.world_from_camera[0].double().numpy() @ np.linalg.inv(walk.clip.world_from_camera[first].astype(float))


def _small(mask: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize((COLUMNS, ROWS), Image.Resampling.BOX)) > 0


def _views(capture: Capture, poses: torch.Tensor, lens: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Colours (T, H, W, 3) and mask of what the memory of a capture shows at poses."""
    still = torch.where(capture.moving, 0.0, capture.depth.float())
    memory = build_memory(capture.frames, still, capture.world_from_camera, capture.intrinsics, MemoryConfig())
    hints = render([memory], poses[None], lens[None], ROWS, COLUMNS, [0], [0]).of_world(0)
    return hints.colour.numpy(), hints.seen.numpy()


def _psnr(made: np.ndarray, true: np.ndarray, where: np.ndarray) -> float:
    square = ((made.astype(float) - true.astype(float)) ** 2)[where].mean() if where.any() else np.nan
    return float(10 * np.log10(255**2 / max(square, 1e-9)))


def _told(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3f}"


if __name__ == "__main__":
    main()
