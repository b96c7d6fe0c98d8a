import json

import numpy as np
import pytest
import torch
from made_pieces import mean_colours, seen, spheres

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.evaluation.generation.columns import COLUMNS, maker_of, pieces_of
from wm_gym.evaluation.generation.eval_generation import EvalGenerationConfig, eval_generation
from wm_gym.evaluation.generation.pixels import pooled_psnr_db
from wm_gym.evaluation.scripted_walks import Scene
from wm_gym.evaluation.trajectories import Trajectory, warm_up
from wm_gym.geometry.cameras import intrinsics_from_fov, rays
from wm_gym.geometry.motion import camera_pose
from wm_gym.world_model import Capture, Opening, Place

HEIGHT, WIDTH, CHUNKS, RADIUS_METRES = 36, 48, 3, 8.0
INTRINSICS = intrinsics_from_fov(70.0, HEIGHT, WIDTH)
DEPTH = RADIUS_METRES / rays(INTRINSICS, HEIGHT, WIDTH).norm(dim=-1)
MODEL = MemoryOnlyModel.create(HEIGHT, WIDTH)
FRAMES = MODEL.spec.frames_per_step


def turn(sphere, stances):
    """A turn in the middle of a painted sphere."""
    frames = [seen(sphere, pose, HEIGHT, WIDTH, INTRINSICS.numpy()) for pose in camera_pose(stances)]
    moving = torch.zeros(len(frames), HEIGHT, WIDTH, dtype=torch.bool)
    depth = DEPTH.expand(len(frames), -1, -1).clone()
    shown = torch.from_numpy(np.stack(frames))
    return Trajectory(MODEL.spec, "rooms", False, stances, shown, depth, moving, INTRINSICS)


def scene_of(sphere):
    """A walk that turns to the left, and a capture of what lies there."""
    around = np.zeros((12, 5))
    around[:, 3] = np.radians(np.linspace(0, 110, 12))
    keyframes = turn(sphere, around)
    capture = Capture(
        keyframes.frames, keyframes.depth, keyframes.moving, keyframes.world_from_camera, keyframes.intrinsics
    )
    along = np.zeros((FRAMES * CHUNKS, 5))
    along[:, 3] = np.radians(5.0) * np.arange(1, 1 + len(along))
    truth = turn(sphere, np.concatenate([warm_up(np.radians(5.0), FRAMES), along]))
    opening = Opening("rooms/9", "A room.", INTRINSICS, torch.zeros(1, 2), capture=capture)
    return Scene(Place("rooms", 9, "full"), opening, truth, truth)


SCENES = [scene_of(sphere) for sphere in spheres(4)]
PIECES = {opens: pieces_of(opens, SCENES, [scene.truth for scene in SCENES[::-1]]) for opens in ("grounded", "cold")}


def test_pieces_are_the_last_frames_of_chunks_and_the_opening_frame():
    pieces, truth = PIECES["cold"], SCENES[1].truth
    np.testing.assert_array_equal(pieces.last[1], truth.frames[FRAMES - 1])
    np.testing.assert_array_equal(pieces.truth[1, 1], truth.frames[3 * FRAMES - 1])
    np.testing.assert_allclose(pieces.world_from_camera[1, 2], truth.world_from_camera[3 * FRAMES - 1])
    assert pieces.others is not None
    np.testing.assert_array_equal(pieces.others[2, 0], truth.frames[2 * FRAMES - 1])


def test_a_cold_opening_leaves_more_unseen_the_farther_one_turns():
    cold, grounded = (PIECES[opens].unseen.mean((0, 2, 3)) for opens in ("cold", "grounded"))
    assert (np.diff(cold) > 0.1).all() and (grounded < 0.1).all()


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_makes_frames_of_the_pieces(name):
    column = COLUMNS[name]
    frames = maker_of(column, MODEL, SCENES)(0)
    pieces = PIECES[column.opens]
    assert frames.shape == pieces.truth.shape and frames.dtype == np.uint8
    known = pooled_psnr_db(frames, pieces.truth, ~pieces.unseen)
    assert known > 22 if column.shows_hints else known < 15


@pytest.mark.slow
def test_the_report_of_a_backend_has_a_folder_for_each_opening(tmp_path):
    pytest.importorskip("vizdoom")
    config = EvalGenerationConfig(
        backend="memory_only", columns=["cold", "hints_hidden"], walks=4, chunks=2, seeds=2,
        height=36, width=48, finer=1, output=str(tmp_path / "out"), json=str(tmp_path / "all.json"),
    )  # fmt: skip
    reports = eval_generation(config, mean_colours)
    assert list(reports) == ["cold", "grounded"]
    assert reports["cold"].rows == ("truth", "floor", "held", "cold")
    told = json.loads((tmp_path / "all.json").read_text())
    assert told["cold/cold/chunk_2/known_seeds_db"] == 100
    assert told["grounded/truth/chunk_1/rotation_degrees"] < 2
    assert (tmp_path / "out" / "grounded" / "sheet_hints_hidden.png").exists()
