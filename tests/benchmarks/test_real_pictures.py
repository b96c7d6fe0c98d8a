import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.real_pictures import Pair, aloe, estimates, motorcycle, scores, sheet, stereo

TRUE = np.linspace(1.0, 4.0, 48).reshape(6, 8)


@pytest.mark.parametrize(
    ("made", "exact"),
    [
        (TRUE, {"absrel", "absrel_scaled", "absrel_aligned"}),
        (3 * TRUE, {"absrel_scaled", "absrel_aligned"}),
        (1 / (0.5 / TRUE + 0.2), {"absrel_aligned"}),
    ],
)
def test_a_scale_and_a_shift_of_inverse_depth_are_found(made, exact):
    told = scores(made, TRUE)
    assert {name for name, value in told.items() if name.startswith("absrel") and value < 1e-9} == exact
    assert all((told[name.replace("absrel", "within")] == 1.0) == (name in exact) for name in exact)


def test_unknown_depth_is_not_scored():
    assert scores(np.where(TRUE > 2, TRUE, 99.0), np.where(TRUE > 2, TRUE, 0.0))["absrel"] == 0.0


def test_pairs_have_the_depth_of_their_calibration(tmp_path):
    colours = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 600, 3), dtype=np.uint8))
    for name in ("motorcycle_left.png", "motorcycle_right.png", "aloeL.jpg", "aloeR.jpg"):
        colours.save(tmp_path / name)
    np.savez(tmp_path / "motorcycle_disp.npz", np.where(np.eye(300, 600) > 0, np.inf, 40.0))
    Image.fromarray(np.full((300, 600), 80, np.uint8)).save(tmp_path / "aloeGT.png")
    one = motorcycle(tmp_path)
    assert one.metres.max() == pytest.approx(0.193001 * 994.978 / 71.086) and (one.metres == 0).sum() == 300
    assert np.array_equal(one.right[:, :-31], one.left[:, 31:]) and not one.right[:, -31:].any()
    two = aloe(tmp_path)
    assert two.metres.shape == (150, 300) and np.allclose(two.metres, 0.16 * 3740 / 350)
    assert two.lens.tolist() == [1870.0, 1870.0, 150.0, 75.0]


def test_a_sheet_shows_both_pictures_and_everybody_twice():
    grey = np.full((24, 32, 3), 128, np.uint8)
    pair = Pair(grey, grey, TRUE.repeat(4, 0).repeat(4, 1), torch.tensor([24.0, 24, 16, 12]), 0.2)
    made = estimates(pair, ["ground"])
    assert list(made) == ["flat", "stereo", "ground"] and sheet(pair, made).shape == (480, 5 * 320, 3)


def test_stereo_finds_a_wall_and_leaves_out_what_one_picture_alone_shows():
    wall = np.random.default_rng(0).integers(0, 256, (48, 84, 3), np.uint8).repeat(2, 0).repeat(2, 1)
    pair = Pair(wall[:, :128], wall[:, 20:148], np.full((96, 128), 2.0), torch.tensor([200.0, 200, 64, 48]), 0.2)
    made = stereo(pair)
    assert made.shape == (96, 128)
    assert float(np.median(np.abs(made[made > 0] - 2.0))) < 0.1 and not made[:, :8].any()
