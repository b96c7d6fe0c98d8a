"""The whole report, with a stand-in for the twin that needs no engine: memory itself, or a place that memory knows."""

import json

import numpy as np
import pytest

from wm_gym.agents.episodes import Start, make_worlds
from wm_gym.evaluation.trust.evaluating import EvalTrustConfig, eval_trust, read_starts
from wm_gym.evaluation.trust.lockstep import lockstep, open_start
from wm_gym.evaluation.trust.moments import Moment
from wm_gym.evaluation.trust.report import HEADLINES

FORWARD = 1
POLICIES = ["random", "wall_turner"]
SMALL = {
    "policies": ["wall_turner", *(f"{share}=noisy{{agent: wall_turner, share: {share}}}" for share in (0.5, 0.9))],
    "tasks": ["point_goal"], "backend": "memory_only", "twin": "memory_only", "worlds": ["city/9"],
    "episodes": 2, "steps": 5, "height": 36, "width": 48, "num_envs": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def core():
    env = make_worlds(
        "goal_walker", None, 1, task="point_goal", backend="memory_only", world="city/9", finer=1, resolution=(36, 48)
    )
    yield env.core
    env.close()


def moments_of(core, start, actions):
    state = open_start(core, start)
    moments = [Moment.of(core, state)]
    for action in actions:
        [(state, _)] = core.step([state], [action])
        moments.append(Moment.of(core, state))
    return moments


def test_a_world_that_is_the_twin_never_comes_apart(tmp_path):
    data = eval_trust(EvalTrustConfig(**SMALL, output=str(tmp_path / "trust"), json=str(tmp_path / "copy.json")))
    assert data["pearson"] == pytest.approx(1) and data["spearman"] == pytest.approx(1) and data["mmrv"] == 0
    assert data["missed_success"] == 0 and data["missed_success_of"] == 6
    [task] = data["tasks"].values()
    assert task["seeing_pearson"] == data["pearson"]  # all of them are shown depth
    assert all(row["depth_absrel_median"] == row["pose_metres"] == 0 for row in task["by_step"])
    kept = json.loads((tmp_path / "copy.json").read_text())
    assert set(HEADLINES) <= set(kept) and kept["tasks"]["point_goal"]["episodes"] == 2
    page = (tmp_path / "trust" / "index.html").read_text()
    assert page.count("<svg") == 2 and page.count("data:image/png") == 6


def test_what_was_played_is_not_played_again(tmp_path, monkeypatch):
    config = EvalTrustConfig(**SMALL | {"policies": POLICIES, "steps": 3}, output=str(tmp_path))
    first = eval_trust(config)
    file = tmp_path / "episodes.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-2]) + lines[-2][:40])  # as if it had been killed
    again = eval_trust(config)
    assert again["pearson"] == first["pearson"] and len(file.read_text().splitlines()) == len(lines)
    more = eval_trust(EvalTrustConfig(**vars(config) | {"episodes": 3}))
    assert more["tasks"]["point_goal"]["episodes"] == 3
    monkeypatch.setattr("wm_gym.evaluation.trust.run.play", None)
    assert eval_trust(config)["mmrv"] == more["mmrv"]


def test_a_folder_of_other_settings_is_refused(tmp_path):
    config = SMALL | {"policies": POLICIES, "steps": 3, "output": str(tmp_path)}
    eval_trust(EvalTrustConfig(**config))
    with pytest.raises(
        ValueError, match=r"output must be a new folder or one of the same settings, got .*\['settings'\]"
    ):
        eval_trust(EvalTrustConfig(**config | {"steps": 6}))
    with pytest.raises(ValueError, match=r"policy 'random' must be the one that .* holds, random \{\}, got noisy"):
        eval_trust(EvalTrustConfig(**config | {"policies": ["random=noisy{agent: random}", "wall_turner"]}))


def test_success_that_the_twin_does_not_see_is_told_step_by_step(core):
    start, actions = Start(0, "city/9"), np.full(4, FORWARD)
    found = lockstep(core, start, actions, moments_of(core, start, actions))
    assert not found.divergence.is_success and len(found.led) == 5
    assert found.divergence.depth_absrel == found.divergence.pose_metres == (0.0,) * 4
    assert json.loads(json.dumps(found.divergence.row()))["trust"] == pytest.approx(found.divergence.trust, abs=1e-5)


def test_the_led_twin_goes_where_the_world_went_and_the_free_one_does_not(core):
    start = Start(0, "city/9")
    world = moments_of(core, start, np.full(3, FORWARD))
    found = lockstep(core, start, np.zeros(3, np.int64), world)  # the twin is told to stand still
    assert np.allclose(found.led[-1].body_poses, world[-1].body_poses)
    assert found.divergence.depth_absrel == (0.0,) * 3
    assert found.divergence.pose_metres[-1] == pytest.approx(world[-1].metres_from(world[0]))


def test_worlds_that_open_apart_are_refused(core):
    world = moments_of(core, Start(0, "city/9"), [])
    world[0].body_poses[-1, 0] += 1.0
    with pytest.raises(ValueError, match=r"world city/9 must open where the twin does, got \[1"):
        lockstep(core, Start(0, "city/9"), np.zeros(0), world)


@pytest.mark.slow
def test_the_twin_draws_the_goal_and_the_pose_of_a_generated_world():
    pytest.importorskip("vizdoom", reason="the twin's engine is an extra")
    opened = []
    for backend in ("memory_only", "twin"):
        settings = {"backend": backend, "finer": 1, "resolution": (36, 48)}
        env = make_worlds("goal_walker", None, 1, task="point_goal", **settings)
        opened.append([open_start(env.core, Start(seed, world)) for seed, world in ((3, "rooms/9"), (4, "park/19"))])
        env.close()
    for one, other in zip(*opened, strict=True):
        assert one.task == other.task
        assert np.array_equal(one.outcome.body_poses[0, -1], other.outcome.body_poses[0, -1])


def test_starts_may_come_from_a_file(tmp_path):
    path = tmp_path / "starts.jsonl"
    path.write_text('{"seed": 7, "world": "city/9"}\n{"seed": 3, "world": "rooms/9", "note": "hard"}\n')
    assert read_starts(str(path), 2) == [Start(7, "city/9"), Start(3, "rooms/9")]
    assert EvalTrustConfig(**SMALL, starts=str(path)).trial().starts["world"] == read_starts(str(path), 2)
    with pytest.raises(ValueError, match=r"^starts must hold at least 3 lines, one for each episode, got 2$"):
        read_starts(str(path), 3)
    path.write_text("seed: 7")
    with pytest.raises(ValueError, match=r"^starts must be a file of JSON lines with 'seed' and 'world', got "):
        read_starts(str(path), 1)


def test_where_the_twin_cannot_stand_nothing_is_scored(core, monkeypatch):
    start, actions = Start(3, "city/9"), np.array([FORWARD] * 3)
    moments = moments_of(core, start, actions)
    step, calls = core.step, []

    def refusing(states, asked, paths=None):
        calls.append(paths is not None)
        if sum(calls) == 2 and paths is not None:
            raise RuntimeError("that position is not in the open")
        return step(states, asked, paths)

    monkeypatch.setattr(core, "step", refusing)
    found = lockstep(core, start, actions, moments).divergence
    assert [np.isnan(error) for error in found.depth_absrel] == [False, True, False]
    assert [np.isnan(error) for error in found.psnr_db][1] and found.row()["psnr_db"][1] is None
