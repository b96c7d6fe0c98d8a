"""The tiny model that ships: small, legal, and obedient where it needs no eyes."""

import numpy as np
import pytest

from wm_gym.agents.registry import AGENTS, make_agent
from wm_gym.agents.vlm.agent import VLMAgent
from wm_gym.agents.vlm.chunk import ChunkLanguage
from wm_gym.agents.vlm.grammar import ChunkGrammar
from wm_gym.agents.vlm.local import SHIPPED, LocalVLM
from wm_gym.agents.vlm.prompting import Prompt


@pytest.fixture(scope="module")
def shipped():
    return LocalVLM()


def walk(env, shipped, instruction, steps):
    """Body poses (N, 5) before and after."""
    observation, info = env.reset(seed=0)
    agent = VLMAgent(env, writer=shipped, instruction=instruction)
    agent.reset(range(env.num_envs), range(env.num_envs))
    before = np.stack([one.now.outcome.body_poses[0, -1] for one in env.sub_envs])
    for _ in range(steps):
        observation, _, _, _, info = env.step(agent.act(observation, info))
    assert agent.stats["legal"] == agent.stats["asked"] > 0
    return before, np.stack([one.now.outcome.body_poses[0, -1] for one in env.sub_envs])


def test_all_that_ships_is_no_larger_than_450_kilobytes():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 450_000


@pytest.mark.parametrize(("instruction", "side"), [("turn left", 1), ("turn right", -1)])
def test_it_turns_to_the_side_that_it_is_told(make_env, shipped, instruction, side):
    before, after = walk(make_env(2), shipped, instruction, 5)
    assert (side * np.degrees(after[:, 3] - before[:, 3]) > 45).all()


def test_it_walks_backwards(make_env, shipped):
    before, after = walk(make_env(2), shipped, "walk backwards", 3)
    assert (after[:, 0] - before[:, 0] < -0.5).all()


def test_any_words_and_any_frame_get_a_legal_answer(shipped):
    rng = np.random.default_rng(0)
    texts = ("", "juggle three oranges", "¿dónde?", "go to the fire", "x" * 300)
    shapes = ((16, 16, 3), (48, 64, 3), (192, 256, 3), (40, 200, 3), (36, 48, 3))
    frames = [rng.integers(0, 256, shape, np.uint8) for shape in shapes]
    language = ChunkLanguage(20, 4, chords=False)
    prompts = [Prompt("", text, frame) for text, frame in zip(texts, frames, strict=True)]
    for reply in shipped.write(prompts, ChunkGrammar(language)):
        language.parse(reply.text)


def test_it_is_a_row_of_agents(make_env):
    assert isinstance(make_agent("vlm", make_env(1), {"instruction": "turn left"}), VLMAgent)
    assert AGENTS["vlm"] == "wm_gym.agents.vlm.agent:VLMAgent"
