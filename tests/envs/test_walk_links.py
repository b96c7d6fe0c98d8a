"""Walks as lines of text."""

import base64
import json
import zlib
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.cli import main
from wm_gym.envs.replay.link import MOST_CHARACTERS, PREFIX, link_of, walk_of
from wm_gym.envs.replay.recorder import RecordReplay


@pytest.fixture(scope="module")
def replay():
    env = gym.make("wm_gym/PointGoal-v0", backend="memory_only", world="city/9", finer=1, resolution=(36, 48))
    env = RecordReplay(env)
    env.reset(seed=3, options={"events": [{"at": 2, "text": "night falls"}]})
    for step, action in enumerate(np.random.default_rng(0).integers(9, size=12)):
        if step == 6:
            env.unwrapped.trigger_event("it starts to snow")
        env.step(int(action))
    made = env.replay()
    env.close()
    return made


def folded(told):
    return PREFIX + base64.urlsafe_b64encode(zlib.compress(json.dumps(told).encode())).decode()


def test_a_link_generates_the_walk_again_to_the_byte(replay):
    link = link_of(replay)
    assert len(link) < 1500
    walk = walk_of(link)
    *_, (step, last, _) = walk.generate()
    assert step == 12
    assert walk.is_shown_by(last)


def test_another_walk_is_told_apart(replay):
    walk = walk_of(link_of(replay))
    assert not any(walk.is_shown_by(state) for step, state, _ in walk.generate() if step < 12)


def test_the_commands_print_and_open_it(replay, tmp_path, capsys):
    path = tmp_path / "walk.replay"
    replay.save(path)
    assert main(["replay", str(path), "--link"]) == 0
    link = capsys.readouterr().out.splitlines()[-1]
    assert link == link_of(replay)
    assert main(["replay", link]) == 0
    assert "its last frames are those that were shown" in capsys.readouterr().out


def test_a_replay_from_a_state_has_no_link(replay):
    with pytest.raises(ValueError) as error:
        link_of(replace(replay, options={"state": b"..."}))
    message = "a walk in a link must open from settings and text, got one that opens from ['state']"
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"task": "evil.module:Class"}, "{'task': 'evil.module:Class'}"),
        ({"backend": "evil:Backend"}, "{'backend': 'evil:Backend'}"),
        ({"world": "/etc/passwd"}, "{'world': '/etc/passwd'}"),
        ({"world": "../capture.npz"}, "{'world': '../capture.npz'}"),
        ({"backend_settings": {"weights": "w.safetensors"}}, "{'backend_settings': 'weights'}"),
    ],
)
def test_a_link_names_neither_modules_nor_files(replay, settings, told):
    with pytest.raises(ValueError) as error:
        link_of(replace(replay, settings={**replay.settings, **settings}))
    assert str(error.value) == f"a walk in a link must name nothing but what the package has, got {told}"


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("http://elsewhere", f"a link must begin with {PREFIX!r}, got 'http://elsewhere'"),
        (PREFIX + "A" * MOST_CHARACTERS, f"a link must have at most {MOST_CHARACTERS} characters, got 100014"),
        (PREFIX + "AAAA", "a link must be whole, got one that cannot be read: "),
        (PREFIX + "ü", "a link must be whole, got one that cannot be read: "),
        (folded([1]), "a link must hold a walk, got something else"),
        (folded({}), "a link must hold a whole walk, got one that cannot be read: "),
        (folded({"id": "", "settings": {"wrld": 1}}), "a link must hold a whole walk, got one that cannot be read: "),
        (folded({"x": "0" * 2_000_000}), "a link must be whole, got one that cannot be read: it is cut off or unfolds"),
    ],
)
def test_links_that_cannot_be_opened(link, message):
    with pytest.raises(ValueError) as error:
        walk_of(link)
    assert str(error.value).startswith(message)
