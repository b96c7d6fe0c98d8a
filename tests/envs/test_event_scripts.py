"""Scripts of events that `reset` reads from YAML files."""

import gymnasium as gym
import pytest

import wm_gym  # noqa: F401 (registers the ids)


@pytest.fixture(scope="module")
def env():
    env = gym.make("wm_gym/Explore-v0", backend="memory_only", world="city/9")
    yield env
    env.close()


def test_a_script_is_what_a_list_would_be(env, tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text("- {text: night falls}\n- {at: 2, text: it starts to snow, for: 3}\n")
    env.reset(seed=1, options={"events": str(path)})
    from_file = env.unwrapped.now.world.scripts
    env.reset(seed=1, options={"events": [{"text": "night falls"}, {"at": 2, "text": "it starts to snow", "for": 3}]})
    assert env.unwrapped.now.world.scripts == from_file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "option 'events' must be a YAML file that can be read, got "),
        ("[", "option 'events' must be a YAML file that can be read, got "),
        ("at: 3", "option 'events' must be a list of {'at', 'text', 'for'} or a YAML file of one, got dict"),
        ("- {text: x, colour: red}", "an event must be a dict of 'text' and, at will, 'at' and 'for', got "),
        ("- {text: x, at: -1}", "an event's 'at' must be a step number from 0, got -1"),
        ("- {text: x, for: 0}", "an event's 'for' must be a number of steps from 1, got 0"),
        ("- {text: ''}", "text must say what happens, got ''"),
    ],
)
def test_bad_scripts_get_one_clear_sentence(env, tmp_path, text, message):
    path = tmp_path / "script.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError) as raised:
        env.reset(options={"events": str(path)})
    assert message in str(raised.value) and "\n" not in str(raised.value)
