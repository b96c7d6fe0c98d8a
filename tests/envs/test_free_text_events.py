"""Any text is an event: it reaches the model's prompt, infos, snapshots, forks and replays, and never raises."""

from dataclasses import replace

import gymnasium as gym
import pytest

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.envs.event_slots import event_arrays
from wm_gym.envs.replay.format import Replay
from wm_gym.envs.replay.recorder import RecordReplay
from wm_gym.envs.replay.verification import verify
from wm_gym.events.kinds import FREE_TEXT, KINDS

DRAGON = "a dragon flies over the square"
SMALL = {"world": "city/9", "finer": 1, "resolution": (24, 32)}


class ListeningModel(MemoryOnlyModel):
    """Takes text, and keeps the prompts and events of each step."""

    def __init__(self, height, width):
        super().__init__(height, width)
        self.spec = replace(self.spec, takes_text=True)

    def step(self, state, condition):
        self.heard = [*getattr(self, "heard", []), (list(condition.prompts), list(condition.events))]
        return super().step(state, condition)


@pytest.fixture
def env():
    env = gym.make(
        "wm_gym/Explore-v0", backend=f"{__name__}:ListeningModel", return_text=True, disable_env_checker=True, **SMALL
    )
    env.reset(seed=0)
    yield env
    env.close()


def test_free_text_is_in_the_prompt_for_as_long_as_it_lasts(env):
    scene = env.unwrapped.now.world.openings[0].prompt
    env.unwrapped.trigger_event(DRAGON, for_steps=2)
    for _ in range(3):
        env.step(1)
    prompts = [prompts[0][0] for prompts, _ in env.unwrapped.core.world.model.heard]
    assert prompts == [f"{scene} A dragon flies over the square."] * 2 + [scene]
    (event,) = env.unwrapped.core.world.model.heard[0][1][0]
    assert (event.kind, event.text) == (None, DRAGON)


def test_infos_tell_of_free_text_by_a_number_of_its_own(env):
    env.unwrapped.trigger_event("fog rolls in")
    env.unwrapped.trigger_event(DRAGON)
    info = env.step(1)[-1]
    assert info["event_kind"][:3].tolist() == [list(KINDS).index("fog"), len(KINDS), -1]
    assert info["event_strength"][1] == 1.0 and info["event_realised"].tolist() == [0.0] * 8
    told = env.unwrapped.events()[1]
    assert told == {
        "id": 1, "kind": None, "text": DRAGON, "start": 1, "active": True, "strength": 1.0, "realised": 0.0,
        "place": None,
    }  # fmt: skip
    script = env.unwrapped.now.world.scripts[0]
    assert event_arrays(script, 20, (FREE_TEXT,))["event_realised"][:2].tolist() == [0.0, 1.0]


def test_free_text_ends_by_a_stop_phrase_and_by_name(env):
    for stop in (
        lambda: env.unwrapped.trigger_event("the dragon flies away"),
        lambda: env.unwrapped.stop_event(DRAGON),
    ):
        env.unwrapped.trigger_event(DRAGON)
        env.step(1)
        stop()
        assert env.step(1)[-1]["event_kind"].tolist() == [-1] * 8


def test_free_text_is_asked_for_at_reset_and_in_some_worlds_of_a_batch():
    envs = gym.make_vec("wm_gym/Explore-v0", 3, backend="memory_only", **SMALL)
    envs.reset(seed=0, options={"events": [{"at": 1, "text": DRAGON}]})
    envs.trigger_event("the crowd cheers", [True, False, False])
    envs.step([1, 1, 1])
    infos = envs.step([1, 1, 1])[-1]
    free = len(KINDS)
    assert infos["event_kind"][:, :2].tolist() == [[free, free], [free, -1], [free, -1]]
    envs.fork(0, [2])
    assert [len(each) for each in envs.events()] == [2, 1, 2]
    envs.close()


def test_free_text_goes_with_snapshots_and_replays(tmp_path):
    env = RecordReplay(
        gym.make("wm_gym/Explore-v0", backend="memory_only", disable_env_checker=True, **SMALL), snapshot_every=2
    )
    env.reset(seed=0)
    env.step(1)
    env.unwrapped.trigger_event(DRAGON, for_steps=3)
    for _ in range(4):
        env.step(1)
    saved = env.unwrapped.state_to_bytes(env.unwrapped.get_state())
    events = env.unwrapped.now.world.scripts
    env.save_replay(tmp_path / "walk.replay")
    env.unwrapped.set_state(saved)
    assert env.unwrapped.now.world.scripts == events
    env.close()
    assert verify(Replay.load(tmp_path / "walk.replay")).describe().endswith("every byte is equal")
