import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.real_pictures import Pair, aloe, estimates, motorcycle, scores, sheet

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
    grey = np.full((6, 8, 3), 128, np.uint8)
    pair = Pair(grey, grey, TRUE, torch.tensor([6.0, 6, 4, 3]), 0.2)
    made = estimates(pair, ["ground"])
    assert list(made) == ["flat", "ground"] and sheet(pair, made).shape == (480, 4 * 320, 3)
