"""What each task pays for, and when it is done or lost, on a plain."""

import numpy as np
import pytest
from plains import on_a_plain

from wm_gym.envs.tasks.avoid import Avoid
from wm_gym.envs.tasks.collect import Collect
from wm_gym.envs.tasks.event_response import EventResponse, is_at_wall
from wm_gym.envs.tasks.find_object import COLOURS, SHAPES, FindObject, FindObjectState
from wm_gym.envs.tasks.follow_path import FollowPath, FollowPathState
from wm_gym.envs.tasks.image_goal import ImageGoal
from wm_gym.envs.tasks.places import draw_spots
from wm_gym.events.kinds import ActiveEvent
from wm_gym.world.state import Thing

START, GRID = on_a_plain((0, 0)), np.array([[x, y] for x in range(-6, 7, 2) for y in range(-6, 7, 2)], np.float32)
BENT = FollowPathState(((0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (0.0, 3.0)))


def begun(task, waypoints=GRID, seed=0):
    return task.reset(START, waypoints, np.random.default_rng(seed))


def at_work(kind):
    return [ActiveEvent(kind, (1.0,), 0, 0, 0)]


def walk(task, state, *outcomes):
    """The state and the results of some steps."""
    results = []
    for outcome in outcomes:
        state, result = task.update(state, outcome)
        results.append(result)
    return state, results


@pytest.mark.parametrize("seed", range(5))
def test_spots_lie_apart_and_within_bounds(seed):
    spots = np.array(draw_spots(GRID, np.zeros(2), 5, (1.5, 6.5, 2.5), np.random.default_rng(seed)))
    distances = np.linalg.norm(spots, axis=1)
    gaps = np.linalg.norm(spots[:, None] - spots, axis=2)[np.triu_indices(len(spots), 1)]
    assert len(spots) == 5 and distances.min() >= 1.5 and distances.max() <= 6.5 and gaps.min() >= 2.5


def test_a_place_with_one_spot_has_one_object_there():
    assert begun(Collect(), np.zeros((1, 2))).coins == ((0.0, 0.0),)
    assert begun(FindObject(), np.array([[1.0, 0.0]])).spots == ((1.0, 0.0),)
    assert len(begun(FollowPath(), np.array([[1.0, 0.0]])).points) == 2


def test_each_coin_pays_once_and_the_last_ends_it():
    task = Collect(num_coins=2)
    state = begun(task)
    assert len(task.markers(state)) == task.info(state)["coins_left"] == 2
    first, second = state.coins
    state, results = walk(task, state, on_a_plain(first), on_a_plain(first), on_a_plain(second))
    assert [round(one.reward, 6) for one in results] == [0.99, -0.01, 5.99]
    assert [one.is_success for one in results] == [False, False, True] and not task.markers(state)


def test_a_coin_is_taken_in_any_frame_of_a_step():
    task = Collect(num_coins=1)
    state = begun(task)
    assert walk(task, state, on_a_plain((0, 0), state.coins[0], (0, 0)))[1][0].is_success


OBJECTS = FindObjectState((("red", "ball"), ("blue", "cone")), ((4.0, 0.0), (0.0, 4.0)), 4.0)


def test_the_right_object_is_success_and_a_wrong_one_failure():
    task = FindObject()
    assert task.describe(OBJECTS) == "find the red ball"
    right, wrong = (walk(task, OBJECTS, on_a_plain(spot))[1][0] for spot in ((3.5, 0.0), (0.0, 3.5)))
    assert right.is_success and right.reward == pytest.approx(3.5 - 0.01 + 5.0)
    assert wrong.is_failure and not wrong.is_success


def test_wrong_objects_can_be_made_to_cost_only_and_each_once():
    task, wrong = FindObject(wrong_ends=False), on_a_plain((0.0, 4.0))
    state, results = walk(task, OBJECTS, wrong, wrong)
    assert not any(one.is_failure for one in results) and task.info(state) == {"wrong_touched": 1}
    assert results[1].reward - results[0].reward == pytest.approx(1.0 + np.hypot(4, 4) - 4.0)


def test_the_goal_names_colour_and_shape():
    task = FindObject()
    assert task.goal(OBJECTS, np.zeros(5)).tolist() == [1, 0, 0, 0, 1, 0, 0, 0]
    drawn = {begun(task, seed=seed).kinds[0] for seed in range(200)}
    assert drawn == {(colour, shape) for colour in COLOURS for shape in SHAPES}
    assert all(len(set(begun(FindObject(num_objects=16), seed=seed).kinds)) > 4 for seed in range(3))


def test_objects_stand_on_the_floor():
    for one in FindObject().markers(begun(FindObject())):
        low = min(0.0, one.position[2] + 1.6)
        assert low == pytest.approx(0.0) and one.position[2] > -1.6


def test_a_path_pays_for_what_lies_behind():
    task = FollowPath()
    state, results = walk(task, BENT, on_a_plain((0.5, 0)), on_a_plain((1.0, 0)), on_a_plain((0.5, 0)))
    assert [round(one.reward, 6) for one in results] == [0.49, 0.49, -0.51]
    assert task.distance(state, np.array([0.5, 0, 0, 0, 0])) == pytest.approx(8.5)
    assert task.info(state) == {"progress_metres": 0.5, "deviation_metres": 0.0}


def test_a_path_has_no_short_cuts():
    line = [on_a_plain((0.0, y)) for y in np.arange(0.2, 3.0, 0.2)]
    state, results = walk(FollowPath(lost_metres=4.0), BENT, *line)
    assert state.progress_metres < 0.5 and not any(one.is_success for one in results)


def test_a_path_is_done_at_its_end_and_lost_beside_it():
    task, corners = FollowPath(), [*np.linspace((0, 0), (3, 0), 13), *np.linspace((3, 0), (3, 3), 13)]
    way = [*corners, *np.linspace((3, 3), (0, 3), 13)]
    _, results = walk(task, BENT, *(on_a_plain(spot) for spot in way))
    assert results[-1].is_success and not any(one.is_failure for one in results)
    away = [on_a_plain((0.5, -y)) for y in np.arange(0.0, 3.0, 0.25)]
    assert walk(task, BENT, *away)[1][-1].is_failure


def test_the_next_two_corners_are_told_as_ahead_and_left():
    task = FollowPath()
    assert task.goal(BENT, np.zeros(5)).tolist() == [3.0, 0.0, 3.0, 3.0]
    last = FollowPathState(BENT.points, 8.0)
    assert task.goal(last, np.array([0.0, 0.0, 0.0, 0.0, 0.0])).tolist() == [0.0, 3.0, 0.0, 3.0]
    assert len(task.markers(BENT)) == 3 and not FollowPath(shows_corners=False).markers(BENT)


@pytest.mark.parametrize("seed", range(5))
def test_legs_of_a_path_are_as_asked_and_never_turn_back(seed):
    points = np.array(begun(FollowPath(near_metres=1.0, far_metres=3.0), seed=seed).points)
    legs = np.diff(points, axis=0)
    lengths = np.linalg.norm(legs, axis=1)
    assert len(points) == 6 and lengths.min() >= 1.0 and lengths.max() <= 3.0
    cosines = (legs[1:] * legs[:-1]).sum(1) / (lengths[1:] * lengths[:-1])
    assert cosines.min() >= np.cos(np.radians(101))


def test_a_picture_survives_packing_and_is_the_goal():
    task = ImageGoal()
    picture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    state = task.with_picture(begun(task), picture)
    assert task.unpack(task.pack(state)) == state
    np.testing.assert_array_equal(task.goal(state, np.zeros(5)), picture)
    assert task.goal_box(24, 32).contains(task.goal(state, np.zeros(5)))


def test_a_picture_is_found_from_near_and_where_it_looks_if_so_asked():
    free, strict = ImageGoal(), ImageGoal(success_degrees=30.0)
    state = begun(free)
    there, away = (on_a_plain(state.goal, yaw=state.yaw_radians + turn) for turn in (0.3, 2.0))
    assert free.update(state, away)[1].is_success and strict.update(state, there)[1].is_success
    assert not strict.update(state, away)[1].is_success


def test_coming_near_to_a_walker_is_failure():
    task = Avoid()
    state = begun(task)
    assert [event.at for event in task.events(state)] == list(state.onsets) and len(state.onsets) == 3
    man = Thing("walker", (0.5, 0.0, -1.6))
    _, [far, near] = walk(task, state, on_a_plain((2, 0), things=[man]), on_a_plain((1, 0), things=[man]))
    assert not far.is_failure and near.is_failure and near.reward < -4.0
    assert task.update(state, on_a_plain(state.goal, things=[man]))[1].is_success
    there = on_a_plain(state.goal, things=[Thing("walker", (*state.goal, -1.6))])
    assert task.update(state, there)[1].is_failure
    fire = Thing("bonfire", (1.0, 0.0, -1.6))
    assert not task.update(state, on_a_plain((1, 0), things=[fire]))[1].is_failure


def test_walls_are_shelter_and_floors_and_open_ground_are_none():
    assert is_at_wall(on_a_plain((0, 0), wall=0.7), 1.0) and not is_at_wall(on_a_plain((0, 0), wall=2.0), 1.0)
    assert not is_at_wall(on_a_plain((0, 0)), 1.0) and is_at_wall(on_a_plain((0, 0), collided=True), 1.0)


def responded(task, right, kind, steps, before=2):
    """Results of walking `before` metres, then of doing right or wrong while the event is at work."""
    out = [on_a_plain((x, 0)) for x in range(1, before + 1)]
    return walk(task, begun(task), *out, *(right(before, k, kind) for k in range(steps)))[1]


def at_wall(x, k, kind):
    return on_a_plain((x + 0.5 * (k < 3), 0), wall=0.7 if k >= 3 else None, events=at_work(kind))


def standing(x, k, kind):
    return on_a_plain((x, 0), events=at_work(kind))


def walking(x, k, kind):
    return on_a_plain((x + k + 1, 0), events=at_work(kind))


def test_rain_is_answered_by_standing_at_a_wall():
    results = responded(EventResponse(event="rain"), at_wall, "rain", 6)
    assert [one.is_success for one in results] == [False] * 7 + [True]
    assert responded(EventResponse(event="rain"), walking, "rain", 30)[-1].is_failure


def test_fog_is_answered_by_standing_still():
    results = responded(EventResponse(event="fog"), standing, "fog", 3)
    assert [one.is_success for one in results] == [False] * 4 + [True]
    late = responded(EventResponse(event="fog", deadline_steps=5), walking, "fog", 5)
    assert late[-1].is_failure and not any(one.is_failure for one in late[:-1])


def test_a_fire_is_answered_by_coming_to_it():
    def coming(x, k, kind):
        seen = [Thing(kind, (x + 4.0, 0.0, -1.6))] if k < 2 else []  # a simulator tells what is in view
        return on_a_plain((x + k, 0), events=at_work(kind), things=seen)

    results = responded(EventResponse(event="fire"), coming, "bonfire", 4)
    assert results[-1].is_success and not any(one.is_success for one in results[:-1])
    assert results[-2].reward == pytest.approx(1.0 - 0.05)


def test_what_is_done_before_the_event_counts_for_nothing():
    early = [on_a_plain((2, 0), wall=0.5)] * 10
    task = EventResponse(event="rain")
    _, results = walk(task, begun(task), on_a_plain((2, 0)), *early)
    assert not any(one.is_success or one.is_failure for one in results) and results[-1].reward == 0.0


def test_a_body_that_never_set_out_fails_when_the_event_begins():
    assert responded(EventResponse(event="fog"), standing, "fog", 1, before=0)[-1].is_failure


@pytest.mark.parametrize("task", [Collect(), FindObject(), FollowPath(), Avoid(), EventResponse()], ids=str)
def test_task_states_survive_packing(task):
    state = begun(task)
    assert task.unpack(task.pack(state)) == state
    assert (
        task.unpack(task.pack(task.update(state, on_a_plain((1, 0)))[0])) == task.update(state, on_a_plain((1, 0)))[0]
    )
