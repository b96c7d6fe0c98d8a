import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import pearsonr, spearmanr

from wm_gym.evaluation.trust.exploitation import exploitation
from wm_gym.evaluation.trust.figures import AGREEMENTS, agreement, auc, auc_by_start, mmrv, pearson, share, spearman
from wm_gym.evaluation.trust.prediction import foreseen

numbers = st.integers(-20, 20).map(float)
policies = st.integers(3, 9).flatmap(lambda count: arrays(np.float64, (2, count), elements=numbers))
returns = arrays(np.float64, (2, 4, 6), elements=numbers)


@given(policies)
def test_worlds_that_agree_wholly_are_told_so(values):
    world = np.unique(values[0])
    if len(world) > 1:
        assert pearson(world, 3 * world + 1) == pytest.approx(1) and spearman(world, world**3) == pytest.approx(1)
    assert mmrv(values[0], values[0]) == 0


@given(policies, st.randoms(use_true_random=False))
def test_the_order_of_policies_does_not_matter(values, random):
    order = list(range(values.shape[1]))
    random.shuffle(order)
    for of in AGREEMENTS.values():
        np.testing.assert_allclose(of(*values[:, order]), of(*values), atol=1e-9)


@given(policies)
def test_correlations_are_those_of_scipy(values):
    if all(len(set(one)) > 1 for one in values):
        assert pearson(*values) == pytest.approx(pearsonr(*values).statistic)
        assert spearman(*values) == pytest.approx(spearmanr(*values).statistic)


def test_a_violation_costs_what_the_twin_sees_between_the_two():
    world, twin = np.array([0.1, 0.5, 0.9]), np.array([0.2, 0.9, 0.6])
    assert mmrv(world, twin) == pytest.approx((0.0 + 0.3 + 0.3) / 3)


def test_policies_that_are_alike_in_one_world_have_no_correlation():
    assert np.isnan(pearson(np.ones(4), np.arange(4.0)))


@given(returns)
def test_figures_lie_in_their_intervals_and_depend_on_no_order_of_starts(values):
    world, twin = values
    figures = agreement(world, twin)
    assert figures["mmrv_low"] <= figures["mmrv_high"] and figures["mmrv"] >= 0
    mirrored = agreement(world[:, ::-1], twin[:, ::-1])
    for name in AGREEMENTS:
        np.testing.assert_allclose(mirrored[name], figures[name], atol=1e-9)


def test_a_share_counts_hits_over_cases():
    figures = share(np.array([1, 0, 2]), np.array([2, 1, 2]), "missed")
    assert figures["missed"] == pytest.approx(0.6) and figures["missed_of"] == 5
    assert 0 <= figures["missed_low"] <= 0.6 <= figures["missed_high"] <= 1
    assert np.isnan(share(np.zeros(2), np.zeros(2), "none")["none"])


@given(arrays(np.float64, 12, elements=numbers), arrays(np.bool_, 12))
def test_the_area_is_the_share_of_pairs_in_order(scores, events):
    pairs = [(b > a) + (b == a) / 2 for a in scores[~events] for b in scores[events]]
    found = float(auc(scores, events))
    assert found == pytest.approx(np.mean(pairs)) if pairs else np.isnan(found)
    weights = np.arange(12) % 3
    repeated = float(auc(scores.repeat(weights), events.repeat(weights)))
    np.testing.assert_allclose(float(auc(scores, events, weights)), repeated)


def test_what_foresees_wholly_has_an_area_of_one():
    scores, events = np.array([0.1, 0.2, 0.8, 0.9] * 3), np.array([False, False, True, True] * 3)
    figures = auc_by_start(scores, events, np.arange(12) // 4, "trust_auc")
    assert figures == {"trust_auc": 1, "trust_auc_low": 1, "trust_auc_high": 1, "trust_auc_of": 6}


def test_distrust_is_of_the_steps_before_depth_comes_apart():
    distrust, events = foreseen([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], [None, 0.1, 0.1, 0.1, 0.1, 0.5, None])
    np.testing.assert_allclose(distrust, [0.1, 0.2, 0.3, 0.4, 0.5])
    assert events.tolist() == [False, True, True, True, True]


def test_exploitation_begins_where_the_model_alone_still_pays():
    noise = np.random.default_rng(0).normal(0, 0.1, (4, 20))
    world, twin = np.array([[1.0], [2.0], [3.0], [4.0]]) + noise, np.array([[1.0], [2.0], [1.9], [0.5]]) + noise
    found = exploitation(world, twin)
    assert (found.best_in_twin, found.begins_at) == (1, 2)
    assert found.gap == pytest.approx(3.5, abs=0.2)
    assert exploitation(world, world).begins_at is None and exploitation(world, world).gap == 0
