from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs.replay.format import Replay
from wm_gym.envs.replay.playback import open_core, play, state_at
from wm_gym.envs.replay.recorder import RecordReplay
from wm_gym.envs.replay.verification import verify
from wm_gym.envs.replay.video import film
from wm_gym.world.size import nbytes_beyond

STEPS = 12


def recorder(env_id="wm_gym/PointGoal-v0", backend="memory_only", snapshot_every=5, **settings):
    env = gym.make(env_id, backend=backend, finer=1, action_mode="twist", disable_env_checker=True, **settings)
    return RecordReplay(env, snapshot_every)


def walk(env, steps=STEPS, seed=0):
    """A walk on which snow is triggered after step 4 and stopped after step 9."""
    for step, twist in enumerate(np.random.default_rng(seed).uniform(-1, 1, (steps, 4)).astype(np.float32)):
        if step == 4:
            env.unwrapped.trigger_event("it starts to snow", for_steps=6)
        if step == 9:
            env.unwrapped.stop_event("snowfall")
        env.step(twist)


@pytest.fixture(scope="module", params=["memory_only", "video"])
def recorded(request):
    env = recorder(backend=request.param)
    env.reset(seed=11, options={"events": [{"at": 2, "text": "night falls", "for": 3}]})
    walk(env)
    yield env
    env.close()


@pytest.fixture(scope="module")
def replay(recorded):
    return recorded.replay()


def test_a_replay_is_generated_again_to_the_byte(replay):
    comparison = verify(Replay.from_bytes(replay.to_bytes()))
    assert comparison.agrees and comparison.different == {} and comparison.fingerprint_differences == ()
    assert (comparison.first_step, comparison.last_step, comparison.num_frames) == (0, STEPS, 1 + 4 * STEPS)
    assert comparison.describe() == f"steps 0 to {STEPS}, {1 + 4 * STEPS} frames: every byte is equal"


@pytest.mark.parametrize("step", [1, 5, 6, 8, STEPS])
def test_a_replay_starts_anywhere(replay, step):
    comparison = verify(replay, from_step=step)
    assert comparison.agrees and comparison.num_frames == 4 * (STEPS - step + 1)


def test_the_frames_in_the_file_are_those_that_were_shown(recorded, replay):
    last = recorded.unwrapped.now.outcome.chunk.frames[0].numpy()
    np.testing.assert_array_equal(replay.shown[-1].frames(48), last)


def test_task_random_numbers_and_counters_are_replayed_with_the_world(recorded, replay):
    core = open_core(replay)
    now = recorded.unwrapped.get_state()
    for states in (replay.states, {}):
        again = state_at(replace(replay, states=states), STEPS, core)
        assert (again.task, again.is_success) == (now.task, now.is_success)
        assert again.rng_state == now.rng_state
        assert again.world.frame_index == now.world.frame_index == (1 + 4 * STEPS,)
        assert again.world.scripts == now.world.scripts and again.world.seeds == now.world.seeds
        assert again.world.memories == now.world.memories
        np.testing.assert_array_equal(again.world.body_poses, now.world.body_poses)


def test_an_episode_without_a_seed_is_replayed_too():
    env = recorder()
    env.reset(seed=1)
    env.reset()
    walk(env, 2)
    replay = env.replay()
    assert replay.seed is None and verify(replay).agrees


def test_a_walk_that_began_from_a_snapshot_or_a_picture_is_replayed():
    env = recorder(snapshot_every=0)
    env.reset(seed=1)
    walk(env, 2)
    env.reset(options={"state": env.unwrapped.get_state()})
    walk(env, 2)
    assert verify(Replay.from_bytes(env.replay().to_bytes())).agrees
    picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    env.reset(seed=2, options={"image": picture, "depth": np.full((48, 64), 4.0, np.float32)})
    walk(env, 2)
    assert verify(Replay.from_bytes(env.replay().to_bytes())).agrees


def test_what_was_changed_is_found(replay):
    actions = replay.actions.copy()
    actions[6] = -actions[6]
    comparison = verify(replace(replay, actions=actions))
    assert not comparison.agrees and min(comparison.different) == 7
    assert comparison.worst_psnr_db < 40 and comparison.describe().endswith("; every byte must be equal")
    earned = replace(replay.shown[3], reward=replay.shown[3].reward + 1)
    comparison = verify(replace(replay, shown=(*replay.shown[:3], earned, *replay.shown[4:])))
    assert not comparison.agrees and comparison.different == {3: ("reward",)}


def test_elsewhere_a_bound_holds_and_not_every_byte(replay):
    elsewhere = replace(replay.fingerprint, machine="another")
    spoiled = replace(replay.shown[2], digests=dict(replay.shown[2].digests) | {"depth": "0"})
    moved = replace(replay, fingerprint=elsewhere, shown=(*replay.shown[:2], spoiled, *replay.shown[3:]))
    comparison = verify(moved)
    assert comparison.agrees and comparison.different == {2: ("depth",)}
    assert comparison.worst_psnr_db == comparison.median_psnr_db == float("inf")
    assert "(made elsewhere: machine: " in comparison.describe()
    assert comparison.describe().endswith("; must be at least 40 and 60 dB")
    other = replace(moved, settings={**replay.settings, "world": "city/19"}, states={})
    assert not verify(other).agrees


def test_other_weights_are_refused(replay):
    other = replace(replay, fingerprint=replace(replay.fingerprint, weights="f" * 64))
    with pytest.raises(ValueError, match=r"^a replay must be of the weights \S+, got one of ffffffffffffffff\.\.\.$"):
        verify(other)


def test_settings_of_another_version_are_refused(replay):
    with pytest.raises(ValueError, match=r"^a replay's settings must be those of EpisodeConfig, got: .*'fog'"):
        verify(replace(replay, settings={**replay.settings, "fog": True}))


def test_steps_that_are_not_there_are_refused(replay):
    with pytest.raises(ValueError, match=r"^a step of this replay must be from 0 to 12, got 13$"):
        verify(replay, from_step=13)
    with pytest.raises(ValueError, match=r"^a step of this replay must be from 0 to 12, got -1$"):
        state_at(replay, -1, open_core(replay))


def test_a_replay_can_be_watched(replay, tmp_path):
    film(replay, tmp_path / "walk.mp4", from_step=10)
    assert (tmp_path / "walk.mp4").stat().st_size > 1000


def test_a_state_that_was_set_in_between_ends_the_recording():
    env = recorder()
    env.reset(seed=1)
    saved = env.unwrapped.get_state()
    walk(env, 1)
    env.unwrapped.set_state(saved)
    with pytest.raises(RuntimeError) as raised:
        walk(env, 1)
    assert str(raised.value) == "a replay must be of one walk from reset on, got a state that was set in between"


def test_recorders_that_would_not_see_the_worlds_actions_are_refused():
    with pytest.raises(ValueError, match=r"^a replay must be of a wm_gym world, got "):
        RecordReplay(gym.make("CartPole-v1"))
    env = gym.wrappers.TransformAction(recorder().env, lambda action: action, None)
    with pytest.raises(ValueError) as raised:
        RecordReplay(env)
    assert str(raised.value) == (
        "a replay must be recorded right over gym.make's environment, got ['TransformAction'] between"
    )
    with pytest.raises(ValueError, match=r"^snapshot_every must be at least 0, got -1$"):
        RecordReplay(env.env, -1)
    with pytest.raises(RuntimeError, match=r"^the environment must be reset before there is a replay$"):
        recorder().replay()


def test_being_led_along_the_recorded_path_shows_what_was_shown(replay):
    core = open_core(replay)
    for step, state, reward in play(replay, core, led=True):
        np.testing.assert_array_equal(state.outcome.chunk.frames[0].numpy(), replay.shown[step].frames(48))
        assert reward == replay.shown[step].reward


@pytest.mark.parametrize("steps", [10, pytest.param(40, marks=pytest.mark.slow)])
def test_sixteen_branches_are_alike_until_something_else_happens(steps):
    env = recorder("wm_gym/Explore-v0", "video")
    env.reset(seed=3)
    walk(env, steps)
    core, fork = env.unwrapped.core, env.unwrapped.get_state()
    branches = [fork] * 16
    walks = np.random.default_rng(5).uniform(-1, 1, (3, 4)).astype(np.float32)
    texts = ["it starts to snow", "night falls", "fog rolls in"]
    for step, twist in enumerate(walks):
        if step == 1:
            branches[1:4] = [core.schedule_event(state, text) for state, text in zip(branches[1:4], texts, strict=True)]
        stepped = core.step(branches, [twist] * 16)
        branches = [state for state, _ in stepped]
        frames = [state.outcome.chunk.frames for state in branches]
        same = [
            np.array_equal(frames[0], other) and stepped[0][1] == earned
            for other, (_, earned) in zip(frames, stepped, strict=True)
        ]
        assert all(same[4:]) and same[1:4] == [step < 1] * 3
    assert nbytes_beyond(branches[5].world, fork.world) < fork.world.nbytes / 2
    env.close()
