import re

import numpy as np
import pytest

from wm_gym.agents.vlm.agent import VLMAgent
from wm_gym.agents.vlm.director import Director
from wm_gym.agents.vlm.local import LocalConfig, LocalVLM
from wm_gym.agents.vlm.replies import Reply

WALK = '[{"keys":"W","steps":2},{"keys":"J","steps":1}]'
W, J = [1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0, 0]
NONE = [0] * 8


@pytest.fixture(scope="module")
def env(make_env):
    return make_env(2)


def roll(env, agent, steps, seed=0):
    observation, info = env.reset(seed=seed)
    agent.reset(range(env.num_envs), [seed + n for n in range(env.num_envs)])
    actions = []
    for _ in range(steps):
        actions.append(agent.act(observation, info))
        observation, _, _, _, info = env.step(actions[-1])
    return np.stack(actions)


def test_a_chunk_is_walked_step_by_step_and_then_asked_for_again(env, scripted):
    writer = scripted(WALK)
    actions = roll(env, VLMAgent(env, writer=writer, replan_after=0), 6)
    np.testing.assert_array_equal(actions[:, 0], [W, W, J, W, W, J])
    assert [len(prompts) for prompts in writer.prompts] == [2, 2]


def test_it_is_told_its_task_the_rules_and_what_came_of_its_last_answers(env, scripted):
    writer = scripted(WALK)
    roll(env, VLMAgent(env, writer=writer, replan_after=0, history=1), 7)
    first, last = writer.prompts[0][0], writer.prompts[-1][0]
    assert first.task == "Explore: see as much of the floor as you can." and first.history == ()
    assert first.feedback == "The world has just opened." and first.frame.shape == (36, 48, 3)
    assert last.history == ((WALK, "You look left."),)
    assert "walks 0.5 metres or turns 18 degrees" in first.system and "44 steps" in first.system


def test_the_reset_of_one_world_changes_nothing_for_the_others(env, scripted):
    writer = scripted(WALK)
    agent = VLMAgent(env, writer=writer, replan_after=0)
    roll(env, agent, 1)
    agent.reset([1], [5])
    observation, info = env.reset(seed=3, options={"reset_mask": np.array([False, True])})
    np.testing.assert_array_equal(agent.act(observation, info), [W, W])
    assert len(writer.prompts[-1]) == 1 and writer.prompts[-1][0].task.startswith("Explore")


def test_an_instruction_stands_in_for_the_task(env, scripted):
    writer = scripted(WALK)
    roll(env, VLMAgent(env, writer=writer, instruction="turn left"), 1)
    assert writer.prompts[0][0].task == "turn left"


BAD = [
    (Reply(""), "empty"),
    (Reply("  \n"), "empty"),
    (Reply("I would rather not."), "illegal"),
    (Reply('[{"keys":"WS","steps":1}]'), "illegal"),
    (Reply("", 30.0, "slow", "Request timed out."), "slow"),
    (Reply("", 0.1, "error", "500"), "error"),
]


@pytest.mark.parametrize(("reply", "problem"), BAD)
def test_without_a_legal_answer_it_stands_still_for_a_moment_and_counts_it(env, scripted, reply, problem):
    agent = VLMAgent(env, writer=scripted(reply), fallback_steps=2)
    actions = roll(env, agent, 3)
    assert not actions.any()
    assert agent.stats["asked"] == 4 and agent.stats[problem] == 4 and not agent.stats["legal"]
    assert agent.log[0]["problem"] == problem and agent.log[0]["told"]


def test_or_it_repeats_its_last_answer(env, scripted):
    agent = VLMAgent(env, writer=scripted(WALK, WALK, "no more"), fallback="repeat", replan_after=0)
    np.testing.assert_array_equal(roll(env, agent, 6)[:, 0], [W, W, J, W, W, J])
    assert agent.stats == {"asked": 4, "legal": 2, "illegal": 2}


def test_a_list_in_a_code_block_is_read(env, scripted):
    actions = roll(env, VLMAgent(env, writer=scripted(f"```json\n{WALK}\n```")), 1)
    np.testing.assert_array_equal(actions[0, 0], W)


def test_walking_into_something_makes_it_ask_anew(make_env, scripted):
    env = make_env(2, world="rooms/9")
    writer = scripted('[{"keys":"W","steps":44}]')
    agent = VLMAgent(env, writer=writer, replan_after=4)
    roll(env, agent, 36)
    assert len(writer.prompts) > 2
    assert any("in your way" in prompt.feedback for prompt in writer.prompts[-1])
    patient = scripted('[{"keys":"W","steps":44}]')
    roll(env, VLMAgent(env, writer=patient, replan_after=0), 36)
    assert len(patient.prompts) == 1


def test_a_masked_action_is_not_taken(make_env, scripted):
    env = make_env(1, action_mode="discrete")
    agent = VLMAgent(env, writer=scripted('[{"keys":"I","steps":5},{"keys":"W","steps":1}]'))
    actions = roll(env, agent, 6)
    assert actions.ravel().tolist() == [5, 5, 5, 0, 0, 1]  # 25 degrees are the limit, a step looks up by 10


def test_a_new_episode_forgets_the_old_one(env, scripted):
    writer = scripted(WALK)
    agent = VLMAgent(env, writer=writer)
    roll(env, agent, 2)
    agent.reset([1], [0])
    observation, info = env.reset(seed=1)
    agent.act(observation, info)
    assert len(writer.prompts[-1]) == 1 and writer.prompts[-1][0].history == ()


def test_a_model_without_training_walks_legally_and_alike_by_its_seed(env, tiny):
    model = LocalVLM.of(*tiny, LocalConfig(temperature=1.5))
    agents = [VLMAgent(env, writer=model, seconds=1.0) for _ in range(2)]
    first, again = (roll(env, agent, 5, seed=3) for agent in agents)
    np.testing.assert_array_equal(first, again)
    assert agents[0].stats["legal"] == agents[0].stats["asked"] >= 4


def test_the_goal_of_a_task_is_told(make_env, scripted):
    env, writer = make_env(1, task="point_goal"), scripted(WALK)
    roll(env, VLMAgent(env, writer=writer), 1)
    assert re.search(r"The goal is \d+\.\d metres away, ", writer.prompts[0][0].task)


def test_a_director_suggests_events(env, scripted):
    observation, info = env.reset(seed=0)
    said = ("it starts to snow", '"Night falls"\nand then', "Nothing.", "", "x" * 200, Reply("", 1.0, "error", "500"))
    director = Director(writer=scripted(*said, ""))
    heard = [one for _ in range(3) for one in director.suggest(observation, info)]
    assert heard == ["it starts to snow", "Night falls", None, None, None, None]


def test_a_local_director_chooses_from_a_few(env, tiny):
    observation, info = env.reset(seed=0)
    director = Director(
        writer=LocalVLM.of(*tiny, LocalConfig(temperature=9.0)), events=("it starts to snow", "fog rolls in")
    )
    director.reset(4)
    heard = {one for _ in range(6) for one in director.suggest(observation, info)}
    assert heard <= {"it starts to snow", "fog rolls in", None} and len(heard) > 1
    for world, text in enumerate(director.suggest(observation, info)):
        if text is not None:
            env.trigger_event(text, np.arange(2) == world)
