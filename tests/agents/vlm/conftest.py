"""Small worlds, a tiny Qwen3-VL without training, and writers that answer what they are told to."""

import numpy as np
import pytest

import wm_gym  # noqa: F401
from wm_gym.agents.vlm.prompting import Prompt
from wm_gym.agents.vlm.replies import Reply
from wm_gym.envs.vector_env import WorldVectorEnv

SMALL = {"task": "explore", "backend": "memory_only", "world": "city/9", "finer": 1, "resolution": (36, 48)}


@pytest.fixture(scope="session")
def make_env():
    made = []

    def make(num_envs=2, **settings):
        settings = {**SMALL, "obs_mode": "rgb", "action_mode": "keys", "return_text": True, **settings}
        made.append(WorldVectorEnv(num_envs, **settings))
        return made[-1]

    yield make
    for env in made:
        env.close()


@pytest.fixture(scope="session")
def tiny():
    """A model and its processor."""
    from wm_gym.agents.vlm.tiny import TinyConfig, make_tiny

    texts = ['[{"keys":"W","steps":4},{"keys":"WJ","steps":12}]', "turn left", "walk forward"] * 20
    return make_tiny(TinyConfig(layers=1, vision_depth=1, vocabulary=160), texts, seed=3)


@pytest.fixture
def prompt():
    frame = np.random.default_rng(0).integers(0, 256, (36, 48, 3), np.uint8)
    return Prompt("the rules", "turn left", frame, "You walk forward.", (("[]", "You stand still."),))


class Scripted:
    """Answers a row of texts, whatever is asked; keeps the prompts."""

    def __init__(self, *texts):
        self.texts, self.prompts = list(texts), []

    def write(self, prompts, grammar, generators=()):
        self.prompts.append(list(prompts))
        return [self._reply(self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]) for _ in prompts]

    def _reply(self, text):
        return text if isinstance(text, Reply) else Reply(text)


@pytest.fixture
def scripted():
    """Makes a writer of the given texts."""
    return Scripted
