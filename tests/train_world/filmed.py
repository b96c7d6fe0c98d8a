"""Filmed pairs and crops that need no simulator."""

import json
from pathlib import Path

import numpy as np

from wm_gym.entities.crops import WINDOWS
from wm_gym.geometry.motion import camera_pose
from wm_gym.layout.cells import UNKNOWN
from wm_gym.layout.reading import SIDE
from wm_gym.train_world.appearance.film_pairs import DRAWN, LOCAL

VIEWS, SETS, HEIGHT, WIDTH = 2, 4, 16, 24


def write_pairs(folder: Path) -> Path:
    """Write one place of pairs as `film-pairs` does; returns the folder."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    size = (VIEWS, HEIGHT, WIDTH)
    clean = rng.integers(0, 256, (*size, 3), np.uint8)
    events = [[[_event(DRAWN[(3 * view + number) % len(DRAWN)])] for number in range(SETS)] for view in range(VIEWS)]
    note = {"family": "city", "intrinsics": [20.0, 20.0, 12.0, 8.0], "lamps": [[5.0, 0.0, 2.0]], "events": events}
    arrays = {
        "clean": clean,
        "depth": rng.uniform(2.0, 9.0, size).astype(np.float16),
        "eye": np.zeros((VIEWS, 3)),
        "yaw": np.zeros(VIEWS),
        "pitch": np.zeros(VIEWS),
        "outdoors": np.ones(VIEWS, np.bool_),
        "target": np.repeat(clean[:, None] // 2, SETS, axis=1),
        "masks": np.zeros((VIEWS, SETS, len(LOCAL), HEIGHT, WIDTH // 8), np.uint8),
        "visible": np.ones((VIEWS, SETS, len(DRAWN)), np.float32),
        "note": np.frombuffer(json.dumps(note).encode(), np.uint8),
    }
    np.savez(folder / "place-00000.npz", **arrays)
    return folder


def write_crops(folder: Path) -> Path:
    """Write crops of two people and a fire as `film-things` does; returns the folder."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    look = np.array([0, 0, 0, 1, 1, 1, -1, -1])
    kind = np.where(look < 0, list(WINDOWS).index("bonfire"), list(WINDOWS).index("walker"))
    angle, phase = rng.uniform(0, 6, len(look)), rng.uniform(0, 1, len(look))
    rgba = rng.integers(0, 256, (len(look), 48, 32, 4), np.uint8)
    np.savez(folder / "place-00000.npz", rgba=rgba, kind=kind, angle=angle, phase=phase, look=look)
    return folder


def _event(kind: str) -> dict:
    position = [5.0, 0.0, -1.6] if kind in LOCAL else None
    return {"kind": kind, "strength": 1.0, "age_frames": 4, "seed": 7, "position": position, "outdoors": True}


def write_places(folder: Path) -> Path:
    """Write two places of noise as `film-places` does; returns the folder."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    poses = np.tile(camera_pose(np.zeros(5)).astype(np.float32), (3, 1, 1))
    for number in range(2):
        np.savez(
            folder / f"city-{number}.npz",
            frames=rng.integers(0, 256, (3, 12, 16, 3), np.uint8),
            depth=rng.uniform(1, 9, (3, 12, 16)).astype(np.float16),
            moving=np.zeros((3, 12, 16), bool), poses=poses, intrinsics=np.array([12, 12, 8, 6], np.float32),
            cells=rng.integers(0, UNKNOWN, (SIDE, SIDE)).astype(np.uint8), corner=np.array([-32.0, -32.0]), family=1,
        )  # fmt: skip
    return folder
