import numpy as np
import pytest

from wm_gym.evaluation.trust.report import plain, worst
from wm_gym.evaluation.trust.summary import of_checkpoints, summary
from wm_gym.evaluation.trust.tables import Table

POLICIES = ("good", "poor", "worst")


def row(policy, place, number, value, success=False, replayed=False):
    steps = {
        "trust": [0.9, 0.2], "depth_absrel": [0.1, 0.5], "pose_metres": [0.0, 1.0], "pose_degrees": [0.0, 9.0],
        "collided_world": [False, True], "collided_twin": [False, False], "events_unlike": [0, 1], "psnr_db": [20, 20],
        "is_success": replayed, "total_reward": 0.0,
    }  # fmt: skip
    told = {"task": "walk", "policy": policy, "place": place, "number": number, "return": value, "is_success": success}
    return told | ({"lockstep": steps} if place == "world" else {})


def rows():
    """Two starts: both successes of "good" are the world's alone at the second one; "poor" misses one."""
    worlds = [row("good", "world", n, 5.0 - n, True, n == 0) for n in range(2)]
    worlds += [row("poor", "world", n, 2.0, False, n == 0) for n in range(2)]
    worlds += [row("worst", "world", n, 0.0) for n in range(2)]
    return worlds + [
        row(one["policy"], place, one["number"], one["return"] / 2, one["policy"] == "good" and one["number"] == 0)
        for one in worlds
        for place in ("twin", "twin_again")
    ]


def test_success_of_one_world_alone_is_counted():
    data = summary([Table(rows(), "walk", POLICIES)])
    assert (data["hallucinated_success"], data["hallucinated_success_of"]) == (0.5, 2)
    assert (data["missed_success"], data["missed_success_of"]) == (0.25, 4)
    assert data["transfer_ratio"] == 0.5 and data["pearson"] == pytest.approx(1) and data["mmrv"] == 0
    by_policy = {one["policy"]: one for one in data["tasks"]["walk"]["policies"]}
    assert [by_policy[name]["hallucinated"] for name in POLICIES] == [1, 0, 0]
    assert [by_policy[name]["missed"] for name in POLICIES] == [0, 1, 0]
    assert by_policy["good"]["twin_success"] == 0.5 and by_policy["good"]["twin_return"] == 2.25


def test_divergence_is_told_by_step():
    first, second = summary([Table(rows(), "walk", POLICIES)])["tasks"]["walk"]["by_step"]
    assert (first["step"], first["episodes"], first["collisions_unlike"]) == (1, 6, 0)
    assert (second["depth_absrel_median"], second["pose_metres"], second["collisions_unlike"]) == (0.5, 1, 1)


def test_the_worst_moments_begin_with_hallucinated_success():
    kinds = [kind for kind, _ in worst(Table(rows(), "walk", POLICIES))]
    assert kinds == ["hallucinated success", "missed success", *["worst depth"] * 6]


def test_only_starts_that_all_policies_have_played_count():
    found = [one for one in rows() if (one["policy"], one["number"], one["place"]) != ("poor", 0, "twin")]
    table = Table(found, "walk", POLICIES)
    assert table.numbers == [1] and table.values("world", "return").tolist() == [[4.0], [2.0], [0.0]]
    with pytest.raises(ValueError, match="task 'walk' must have a start that all of"):
        Table([one for one in found if one["number"] == 0], "walk", POLICIES)


def test_checkpoints_are_told_in_order():
    data = of_checkpoints(Table(rows(), "walk", POLICIES))
    assert data["checkpoints"] == list(POLICIES) and data["world_return"] == [4.5, 2.0, 0.0]
    assert data["best_in_twin"] == 0 and data["begins_at"] is None


def test_numbers_that_are_none_become_none():
    assert plain({"a": [np.nan, 1.0], "b": float("inf")}) == {"a": [None, 1.0], "b": None}
