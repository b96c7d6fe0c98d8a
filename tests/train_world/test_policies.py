import numpy as np
import pytest

from wm_gym.geometry.motion import START_BODY_POSE, Body, check_twists, walk
from wm_gym.train_world.policies import CONTROLLERS, POLICIES, SHARES, WATCHING_SHARES, Ground, ScriptedPolicy
from wm_gym.train_world.policies.controllers import CONTROLLER_SHARES

SPOTS = np.stack(np.meshgrid(np.arange(-6.0, 7.0, 2.0), np.arange(-6.0, 7.0, 2.0)), -1).reshape(-1, 2)
BODY = Body()


def in_a_hall(positions):
    """Walls 7 m away on all sides and a pillar of half a metre."""
    pillar = np.linalg.norm(positions - np.array([3.0, 1.0]), axis=1) < 0.5 + BODY.radius_metres
    return (np.abs(positions) > 7.0 - BODY.radius_metres).any(axis=1) | pillar


def walked(name, seed=0, *, steps=40, controller="smooth", blocked=in_a_hall):
    """Body poses (1 + 4 S, 5) and twists (S, 4)."""
    policy = ScriptedPolicy(
        name, Ground.survey(SPOTS, blocked), seed, num_steps=steps, frames_per_step=4, controller=controller
    )
    body_poses, twists, collided = [START_BODY_POSE], [], False
    for _ in range(steps):
        twists.append(policy.act(body_poses[-1], collided))
        held = np.tile(twists[-1].astype(np.float64), (4, 1))
        path = walk(body_poses[-1], held, BODY, blocked)
        collided = bool((path != walk(body_poses[-1], held, BODY)).any())
        body_poses.extend(path)
    return np.array(body_poses), np.array(twists)


@pytest.mark.parametrize("controller", CONTROLLERS)
@pytest.mark.parametrize("name", POLICIES)
def test_equal_seeds_walk_alike_and_every_twist_is_one(name, controller):
    body_poses, twists = walked(name, controller=controller)
    check_twists(twists)
    assert twists.dtype == np.float32
    assert np.array_equal(walked(name, controller=controller)[0], body_poses)
    assert not np.array_equal(walked(name, seed=1, controller=controller)[0], body_poses)


def test_shares_make_up_everything():
    for shares in (SHARES, WATCHING_SHARES, CONTROLLER_SHARES):
        assert sum(shares.values()) == pytest.approx(1.0)
    assert set(SHARES) == set(WATCHING_SHARES) == set(POLICIES)


@pytest.mark.parametrize("seed", range(4))
def test_a_loop_comes_back_to_its_start(seed):
    body_poses, _ = walked("loop", seed, steps=70, blocked=None)
    away = np.linalg.norm(body_poses[:, :2], axis=1)
    farthest = int(away.argmax()) if away[:240].max() < away.max() else int(away[:240].argmax())
    out = int(away[:120].argmax())
    assert away[out] > 1.0
    assert away[out : max(farthest, 280)].min() < 0.35


def test_free_walking_turns_while_it_walks():
    _, twists = walked("free", 3)
    assert ((np.abs(twists[:, 0]) > 0.2) & (np.abs(twists[:, 2]) > 0.1)).any()


def test_transitions_go_far():
    assert np.linalg.norm(walked("transition", 1, steps=40)[0][:, :2], axis=1).max() > 5.0


def test_standing_stays_where_it_is_and_looks_about():
    body_poses, _ = walked("stand", 2)
    assert np.linalg.norm(body_poses[:, :2], axis=1).max() < 0.05
    assert np.ptp(np.unwrap(body_poses[:, 3])) > np.radians(30)


def test_walking_backward_mostly_goes_backward():
    _, twists = walked("backward", 1, steps=24)
    walking = np.abs(twists[:, 0]) > 0.1
    assert (twists[walking, 0] < 0).mean() > 0.6


def test_orbiting_moves_sideways_round_what_it_looks_at():
    _, twists = walked("orbit", 1)
    assert np.abs(twists[:, 1]).sum() > np.abs(twists[:, 0]).sum()


def test_looking_back_turns_away_and_back():
    body_poses, _ = walked("look_back", 0)
    assert np.ptp(np.unwrap(body_poses[:, 3])) > np.radians(60)


def test_filming_turns_slowly_and_seldom_on_the_spot():
    body_poses, _ = walked("film", 1, steps=60)
    turned = np.degrees(np.abs(np.diff(np.unwrap(body_poses[:, 3]))))
    walks = np.linalg.norm(np.diff(body_poses[:, :2], axis=0), axis=1)
    assert turned.max() < 2.0, "35 degrees a second"
    assert (walks > 0.02).mean() > 0.7 and walks.max() < 0.06


def test_some_clips_look_up_and_down():
    pitches = np.concatenate([walked("free", seed)[0][:, 4] for seed in range(6)])
    assert pitches.max() > np.radians(5) and pitches.min() < -np.radians(5)


def test_keys_give_all_or_nothing_and_single_keys_one_at_a_time():
    _, single = walked("free", 5, controller="single")
    assert set(np.unique(np.abs(single))) <= {0.0, 1.0}
    assert (np.count_nonzero(single, axis=1) <= 1).all()
    _, chords = walked("orbit", 5, controller="chords")
    assert all(np.isclose(np.abs(chords), value).any() for value in (0.0, np.sqrt(0.5), 1.0))
    assert set(np.round(chords**2 * 2).ravel().tolist()) <= {0.0, 1.0, 2.0}
    assert (np.count_nonzero(chords, axis=1) > 1).any()


def test_the_smooth_controller_changes_speed_gradually():
    _, twists = walked("free", 4)
    assert np.abs(np.diff(twists[:, 0])).max() < 1.0


def test_a_route_leads_round_a_wall():
    def wall(positions):
        return (np.abs(positions[:, 0] - 1.0) < 0.4) & (positions[:, 1] > -5.0)

    ground = Ground.survey(SPOTS, wall)
    target = int(np.linalg.norm(SPOTS - [4.0, 0.0], axis=1).argmin())
    route = np.array(ground.route(np.zeros(2), target))
    assert route[:, 1].min() <= -5.0
    assert np.array_equal(route[-1], SPOTS[target])


@pytest.mark.parametrize(("name", "controller"), [("dance", "smooth"), ("free", "third")])
def test_unknown_policies_and_controllers_are_refused(name, controller):
    with pytest.raises(ValueError, match="must be one of"):
        ScriptedPolicy(name, Ground.survey(SPOTS), 0, num_steps=4, frames_per_step=4, controller=controller)
