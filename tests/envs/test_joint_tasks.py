"""Tasks of several bodies, as laws over made-up outcomes: no world is opened."""

import json
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from wm_gym.envs.tasks.joint import Part, in_order, sees
from wm_gym.envs.tasks.registry import JOINT_TASKS, find_task
from wm_gym.geometry.motion import camera_pose
from wm_gym.memory.hints import Hints
from wm_gym.world.state import Outcome
from wm_gym.world_model import Chunk

HEIGHT, WIDTH, FRAMES = 12, 16, 4
LENS = torch.tensor([[8.0, 8.0, 8.0, 6.0]])
WAYPOINTS = np.array([[x, y] for x in range(-6, 7, 2) for y in range(-6, 7, 2)], np.float32)


def outcome(x, y, yaw=0.0, metres=30.0):
    """What a body sees that stands at a spot before a wall so far away."""
    poses = np.tile([x, y, 0.0, yaw, 0.0], (1, FRAMES, 1)).astype(float)
    cameras = torch.from_numpy(camera_pose(poses)).float()
    depth = torch.full((1, FRAMES, HEIGHT, WIDTH), float(metres))
    rows = torch.arange(HEIGHT).float()[:, None] + 0.5 - 6.0
    floor = torch.where(rows > 0, 1.6 * 8.0 / rows.clamp(min=0.01), torch.inf).expand(HEIGHT, WIDTH)
    depth = torch.minimum(depth, floor)
    frames = torch.zeros(1, FRAMES, HEIGHT, WIDTH, 3, dtype=torch.uint8)
    nothing = torch.zeros_like(depth, dtype=torch.bool)
    hints = Hints(**dict.fromkeys(Hints.__dataclass_fields__, nothing))
    return Outcome(Chunk(frames, depth, nothing, cameras), hints, poses, LENS, (False,), (1.0,))


def placed(spots):
    return {f"agent_{n}": outcome(*spot) for n, spot in enumerate(spots)}


def begun(name, outcomes, seed=0, **task_settings):
    task = find_task(name, task_settings)
    return task, task.begin(outcomes, WAYPOINTS, np.random.default_rng(seed))


spots = st.lists(
    st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.floats(-3, 3)),
    min_size=2,
    max_size=5,
    unique_by=lambda one: one[:2],
)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(JOINT_TASKS)), spots, st.randoms(use_true_random=False), st.integers(0, 99))
def test_the_order_of_agents_changes_nothing(name, first, random, seed):
    outcomes = placed(first)
    later = {agent: outcome(x + 0.1, y - 0.2, yaw) for (x, y, yaw), agent in zip(first, outcomes, strict=True)}
    names = list(outcomes)
    random.shuffle(names)
    told = []
    for order in (list(outcomes), names):
        task, joint = begun(name, {agent: outcomes[agent] for agent in order}, seed)
        after, results = task.advance(joint, {agent: later[agent] for agent in order})
        told.append((joint, after, results))
        part = Part(after, order[0])
        assert task.unpack(json.loads(json.dumps(task.pack(part)))) == part
        if task.goal_space is not None:
            goals = [task.goal(Part(after, agent), later[agent].body_poses[0, -1]) for agent in order]
            assert all(task.goal_space.contains(goal) for goal in goals)
    assert told[0] == told[1] and set(told[0][2]) == set(outcomes)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(JOINT_TASKS)), spots)
def test_agents_come_and_go(name, first):
    outcomes = placed(first)
    *staying, last = in_order(outcomes)
    task, joint = begun(name, {agent: outcomes[agent] for agent in staying})
    joint = task.joined(joint, last, outcomes[last])
    joint, results = task.advance(joint, outcomes)
    assert set(results) == set(outcomes)
    for agent in staying:
        joint = task.left(joint, agent)
    joint, results = task.advance(joint, {last: outcomes[last]})
    assert set(results) == {last} and task.describe(Part(joint, last))
    assert not results[last].is_failure and np.isfinite(results[last].reward)


def test_a_touch_swaps_who_seeks_and_does_not_count_at_once_again():
    outcomes = placed([(0.0, 0.0), (0.8, 0.0), (3.0, 0.0)])
    task, joint = begun("tag", outcomes)
    joint = replace(joint, seeker="agent_0")
    after, results = task.advance(joint, outcomes)
    assert after.seeker == "agent_1" and after.touches == 1 and after.rest_steps == 4
    assert [results[agent].reward for agent in outcomes] == pytest.approx([0.99, -0.99, 0.01])
    for _ in range(4):
        after, _ = task.advance(after, outcomes)
    assert after.seeker == "agent_1" and after.rest_steps == 0
    after, _ = task.advance(after, outcomes)
    assert after.seeker == "agent_0" and after.touches == 2


def test_who_is_touched_is_out_where_roles_do_not_swap_and_the_last_touch_wins():
    outcomes = placed([(0.0, 0.0), (0.8, 0.0), (0.0, 0.85)])
    task, joint = begun("tag", outcomes, swaps=False)
    joint, results = task.advance(replace(joint, seeker="agent_0"), outcomes)
    assert [results[agent].is_failure for agent in outcomes] == [False, True, False]
    assert joint.seeker == "agent_0" and not results["agent_0"].is_success
    joint = task.left(joint, "agent_1")
    _, results = task.advance(joint, {agent: outcomes[agent] for agent in ("agent_0", "agent_2")})
    assert results["agent_2"].is_failure and results["agent_0"].is_success


def test_nearer_is_worth_to_the_seeker_what_it_costs_the_other():
    task, joint = begun("tag", placed([(0.0, 0.0), (4.0, 0.0)]), step_reward=0.0)
    _, results = task.advance(replace(joint, seeker="agent_0"), placed([(0.5, 0.0), (4.0, 0.0)]))
    assert [results[agent].reward for agent in ("agent_0", "agent_1")] == pytest.approx([0.05, -0.05])


@pytest.mark.parametrize(
    ("second", "met"),
    [
        ((2.0, 0.0, np.pi), True),
        ((2.0, 0.0, 0.0), False),
        ((4.0, 0.0, np.pi), False),
        ((2.0, 0.0, np.pi, 1.0), False),
    ],
    ids=["face to face", "one looks away", "too far", "a wall between"],
)
def test_to_meet_is_to_be_near_and_to_see_one_another(second, met):
    task, joint = begun("meet", placed([(0.0, 0.0), (3.0, 0.0)]))
    _, results = task.advance(joint, placed([(0.0, 0.0), second]))
    assert [result.is_success for result in results.values()] == [met, met]


def test_a_body_is_seen_within_the_frame_and_before_what_is_behind_it():
    assert sees(outcome(0.0, 0.0), (3.0, 0.0)) and not sees(outcome(0.0, 0.0), (-3.0, 0.0))
    assert not sees(outcome(0.0, 0.0, metres=2.0), (3.0, 0.0)) and not sees(outcome(0.0, 0.0), (1.0, 5.0))


def test_what_several_see_first_at_once_is_shared_and_nothing_is_earned_twice():
    task, joint = begun("explore_together", placed([(0.0, 0.0, np.pi), (0.0, 0.0, np.pi)]))
    before = len(joint.cells)
    after, results = task.advance(joint, placed([(0.0, 0.0), (0.0, 0.0)]))
    fresh = len(after.cells) - before
    assert fresh > 10 and [one.reward for one in results.values()] == pytest.approx([0.05 * fresh] * 2)
    assert sum(after.parts.values()) == pytest.approx(fresh)
    again, results = task.advance(after, placed([(0.0, 0.0), (0.0, 0.0)]))
    assert again.cells == after.cells and not any(one.reward for one in results.values())


def test_who_follows_earns_behind_the_leader_and_within_reach():
    task, joint = begun("follow", placed([(0.0, 0.0), (-2.0, 0.0), (2.0, 0.0), (-4.0, 0.0), (-0.7, 0.0)]))
    assert joint.leader == "agent_0" and len(joint.route) == 4
    _, results = task.advance(joint, placed([(0.0, 0.0), (-2.0, 0.0), (2.0, 0.0), (-4.0, 0.0), (-0.7, 0.0)]))
    earned = [results[f"agent_{n}"].reward for n in range(1, 5)]
    assert earned == pytest.approx([0.09, -0.01, -0.01, -0.01])


def test_the_end_of_the_route_is_success_for_who_is_near_and_failure_for_who_is_not():
    task, joint = begun("follow", placed([(0.0, 0.0), (-2.0, 0.0), (-9.0, 0.0)]))
    for spot in joint.route:
        joint, results = task.advance(joint, placed([spot, (spot[0] - 2.0, spot[1]), (spot[0] - 9.0, spot[1])]))
    assert [results[agent].is_success for agent in in_order(results)] == [True, True, False]
    assert [results[agent].is_failure for agent in in_order(results)] == [False, False, True]
