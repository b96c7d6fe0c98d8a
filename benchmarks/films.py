"""Films of places, of which nothing but the pictures is kept, against the twin.

    wm-gym collect output=outputs/films split=test num_clips=10 steps=53 height=192 width=256 event_share=0 seed=41 \
        policy=film "families=[rooms,city,courtyard,park,warehouse]"
    python benchmarks/films.py outputs/films [--depth WEIGHTS] [--only 0,3] [--pictures FOLDER] [--json PATH]

Clips become .mp4 and captures by `wm-gym capture`. Of each film: what came of it or the sentence why nothing did; the
error of the way (ATE, after the best rigid motion) as a share of the path; the error of its scale; AbsRel of the depth
of key frames, with the scale it has and with the best one; and how well the memory of the capture shows the film's
other frames at their true poses, in dB, on still pixels that it and the memory of the true capture (the same key
frames with the twin's depth and poses) both know: with the capture moved by the best rigid motion, and with the best
similarity, which leaves its scale out. `--pictures` is a folder for strips (frame, true capture, film's) and walks.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
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
from wm_gym.scenes.logs.convert import LogConfig
from wm_gym.scenes.logs.films import convert_film
from wm_gym.train_world.data.recordings import Clip, Recordings
from wm_gym.world_model import Capture

SHOWN_FRAMES, KEYFRAMES, LEAST_PATH_METRES = 24, 24, 2.0
ROWS, COLUMNS = 48, 64

Figures = dict[str, float | str]


@dataclass(frozen=True)
class Similarity:
    """How a world is moved: turned, made larger, shifted."""

    turn: np.ndarray
    scale: float
    shift: np.ndarray

    @classmethod
    def between(cls, made: np.ndarray, true: np.ndarray, *, is_rigid: bool) -> Similarity:
        """The one that turns poses (K, 4, 4) as true ones look and then brings them nearest.

        Positions alone would not tell how cameras on a straight way are turned about it.
        """
        u, _, v = np.linalg.svd(np.einsum("kij,klj->il", true[:, :3, :3], made[:, :3, :3]))
        turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ v))]) @ v
        at, wanted = made[:, :3, 3] @ turn.T, true[:, :3, 3]
        off, wanted_off = at - at.mean(0), wanted - wanted.mean(0)
        scale = 1.0 if is_rigid else float((off * wanted_off).sum() / max((off**2).sum(), 1e-9))
        return cls(turn, scale, wanted.mean(0) - scale * at.mean(0))

    def of(self, poses: np.ndarray) -> np.ndarray:
        """Poses (K, 4, 4) moved."""
        moved = poses.copy()
        moved[:, :3, :3] = self.turn @ poses[:, :3, :3]
        moved[:, :3, 3] = self.scale * poses[:, :3, 3] @ self.turn.T + self.shift
        return moved


@dataclass(frozen=True, eq=False)
class Filmed:
    """A film's key frames in its own world, and the rows of the clip that they are."""

    capture: Capture
    rows: list[int]
    note: str

    def poses(self) -> np.ndarray:
        """(K, 4, 4) float64."""
        return self.capture.world_from_camera.double().numpy()

    def aligned(self, clip: Clip, *, is_rigid: bool) -> Capture:
        """The capture in the world of the clip."""
        true = clip.world_from_camera[self.rows].astype(np.float64)
        moved = Similarity.between(self.poses(), true, is_rigid=is_rigid)
        poses = torch.from_numpy(moved.of(self.poses())).float()
        sky = self.capture.depth >= 100
        depth = torch.where(sky, self.capture.depth.float(), moved.scale * self.capture.depth.float())
        return replace(self.capture, world_from_camera=poses, depth=depth)

    def true(self, clip: Clip) -> Capture:
        """The same key frames with the twin's depth and poses."""
        depth = torch.from_numpy(clip.depth[self.rows].astype(np.float32))
        still = torch.where(torch.from_numpy(clip.moving[self.rows]), 0.0, depth)
        poses = torch.from_numpy(clip.world_from_camera[self.rows]).float()
        nothing = torch.zeros_like(still, dtype=torch.bool)
        return Capture(torch.from_numpy(clip.frames[self.rows]), still, nothing, poses, self.capture.intrinsics)


def main() -> None:
    """Print a table, and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path)
    parser.add_argument("--depth", default="embedded")
    parser.add_argument("--only", default="")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    films, table = Recordings(asked.films), {}
    for number in [int(one) for one in asked.only.split(",")] if asked.only else range(len(films)):
        clip = films.clip(number)
        path = float(np.linalg.norm(np.diff(clip.world_from_camera[:, :3, 3], axis=0), axis=1).sum())
        if path < LEAST_PATH_METRES:
            continue
        name = f"{number} {clip.place.family}/{clip.place.seed} {clip.policy}"
        table[name] = {"path": path, **film_figures(clip, asked.depth, asked.pictures, f"{number}_{clip.place.family}")}
        values = (f"{key} {value if isinstance(value, str) else f'{value:.3f}'}" for key, value in table[name].items())
        print(f"{name:36s} " + "  ".join(values), flush=True)
        if asked.json:
            asked.json.write_text(json.dumps(table, indent=2))


def film_figures(clip: Clip, depth: str, pictures: Path | None, name: str) -> Figures:
    """Figures of a film of a clip, or why it was refused."""
    start = time.monotonic()
    try:
        filmed = _filmed(clip, depth)
    except ValueError as error:
        return {"refused": str(error)}
    rigid, similar, true = filmed.aligned(clip, is_rigid=True), filmed.aligned(clip, is_rigid=False), filmed.true(clip)
    walked = clip.world_from_camera[: max(filmed.rows) + 1, :3, 3].astype(np.float64)
    length = float(np.linalg.norm(np.diff(walked, axis=0), axis=1).sum())
    poses = clip.world_from_camera[filmed.rows].astype(np.float64)
    scale = Similarity.between(filmed.poses(), poses, is_rigid=False).scale
    figures: Figures = {
        "seconds": time.monotonic() - start,
        "filmed": length,
        "ate_percent": 100 * _ate(filmed.poses(), poses, is_rigid=True) / length,
        "ate_similar_percent": 100 * _ate(filmed.poses(), poses, is_rigid=False) / length,
        "scale_percent": 100 * (1 / scale - 1),
        "absrel": _absrel(rigid, true),
        "absrel_similar": _absrel(similar, true),
    }
    return figures | _shown(clip, filmed, (true, rigid, similar), pictures, name) | {"way": filmed.note}


def _filmed(clip: Clip, depth: str) -> Filmed:
    """The capture of a clip's pictures as .mp4, without its opening view where that is rendered."""
    estimator, (rows, columns) = find_estimator(depth), clip.depth.shape[1:]
    assert estimator is not None
    config = LogConfig(intrinsics=[float(one) for one in clip.intrinsics])
    with TemporaryDirectory() as folder:
        film = Path(folder) / "walk.mp4"
        with VideoWriter(film, clip.spec.fps, rows, columns) as video:
            for frame in clip.frames:
                video.add(frame)
        opening, report = convert_film(film, estimator, config, height=rows, width=columns, keyframes=KEYFRAMES)
    made = opening.capture
    assert made is not None
    kept = [_row(row["file"], clip) for row in report["kept"]]
    if len(made.frames) == len(kept):  # the opening was taken: it stands first
        first = _row(report["opens_at"], clip)
        kept = [first, *(row for row in kept if row != first)]
    last = slice(-len(kept), None)
    still = torch.where(made.moving[last], 0.0, made.depth[last].float())
    keyed = replace(
        made, frames=made.frames[last], depth=still, moving=torch.zeros_like(made.moving[last]),
        world_from_camera=made.world_from_camera[last],
    )  # fmt: skip
    return Filmed(keyed, kept, "; ".join(report["notes"][1:]))


def _row(name: str, clip: Clip) -> int:
    return min(len(clip.frames) - 1, round(float(name.removesuffix(" s")) * clip.spec.fps))


def _ate(made: np.ndarray, true: np.ndarray, *, is_rigid: bool) -> float:
    """Root mean square distance of positions of poses (K, 4, 4), moved to lie nearest. Source: Umeyama 1991."""
    left, right = (one[:, :3, 3] - one[:, :3, 3].mean(0) for one in (made, true))
    u, stretch, v = np.linalg.svd(right.T @ left)
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ v))])
    scale = 1.0 if is_rigid else (stretch * signs).sum() / (left**2).sum()
    return float(np.sqrt(((right - scale * left @ (u @ np.diag(signs) @ v).T) ** 2).sum(1).mean()))


def _absrel(made: Capture, true: Capture) -> float:
    """Mean error of depth as a share of it, from 0.3 to 20 m, where both are known."""
    both = (made.depth > 0) & (true.depth > 0.3) & (true.depth < 20)
    return float(((made.depth - true.depth).abs() / true.depth)[both].mean())


def _shown(
    clip: Clip, filmed: Filmed, captures: tuple[Capture, Capture, Capture], pictures: Path | None, name: str
) -> Figures:
    """PSNR of what memories show of the frames between key frames, and what they look like."""
    last = max(filmed.rows)
    rows = [row for row in np.linspace(2, last, SHOWN_FRAMES).astype(int) if row not in filmed.rows]
    scale = clip.depth.shape[1] / ROWS
    lens = resize_intrinsics(torch.from_numpy(clip.intrinsics), 1 / scale, 1 / scale)
    frames = np.stack([_reduced(clip.frames[row]) for row in rows])
    still = ~np.stack([_reduced(clip.moving[row].astype(np.uint8) * 255) > 0 for row in rows])
    poses = torch.from_numpy(clip.world_from_camera[rows]).float()
    memories = [_memory(capture) for capture in captures]
    (of_true, seen_true), (of_rigid, seen), (of_similar, seen_similar) = (_views(one, poses, lens) for one in memories)
    if pictures is not None:
        _draw(pictures, name, np.stack([frames, of_true, of_rigid])[:, ::2])
        walk = torch.from_numpy(clip.world_from_camera[: last + 1 : 4]).float()
        beside = [clip.frames[: last + 1 : 4], *(_views(one, walk, lens)[0] for one in memories[:2])]
        _film(pictures / f"walk_{name}.mp4", clip.spec.fps / 4, beside)
    return {
        "db_true": _psnr(of_true, frames, seen_true & seen & still),
        "db_film": _psnr(of_rigid, frames, seen_true & seen & still),
        "db_true_similar": _psnr(of_true, frames, seen_true & seen_similar & still),
        "db_similar": _psnr(of_similar, frames, seen_true & seen_similar & still),
        "known": float(seen.mean()),
        "known_true": float(seen_true.mean()),
    }


def _reduced(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((COLUMNS, ROWS), Image.Resampling.BOX))


def _memory(capture: Capture):
    return build_memory(capture.frames, capture.depth, capture.world_from_camera, capture.intrinsics, MemoryConfig())


def _views(memory, poses: torch.Tensor, lens: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Colours (T, H, W, 3) and mask of what a memory shows at poses."""
    hints = render([memory], poses[None], lens[None], ROWS, COLUMNS, [0], [0]).of_world(0)
    return np.where(hints.seen[..., None], hints.colour, 0).astype(np.uint8), hints.seen.numpy()


def _draw(folder: Path, name: str, rows: np.ndarray) -> None:
    """A strip of rows (R, T, h, w, 3), four times as large."""
    folder.mkdir(parents=True, exist_ok=True)
    strip = Image.fromarray(np.concatenate([np.concatenate(list(row), 1) for row in rows], 0))
    strip.resize((2 * strip.width, 2 * strip.height), Image.Resampling.NEAREST).save(folder / f"strip_{name}.png")


def _film(path: Path, fps: float, rows: list[np.ndarray]) -> None:
    """A film of the frames, the true capture and the film's, side by side."""
    size = (4 * COLUMNS, 4 * ROWS)
    with VideoWriter(path, fps, size[1], 3 * size[0]) as video:
        for shown in zip(*rows, strict=True):
            video.add(np.concatenate([np.asarray(Image.fromarray(one).resize(size)) for one in shown], 1))


def _psnr(made: np.ndarray, true: np.ndarray, where: np.ndarray) -> float:
    square = ((made.astype(float) - true.astype(float)) ** 2)[where].mean() if where.any() else np.nan
    return float(10 * np.log10(255**2 / max(square, 1e-9)))


if __name__ == "__main__":
    main()
