"""Who walks while a film is made."""

from itertools import pairwise

import numpy as np
import pytest

from wm_gym.agents.vlm.chunk import ChunkLanguage, Part
from wm_gym.agents.vlm.experts import Sight, press
from wm_gym.agents.vlm.leading import KEPT_ANSWERS, ExpertLeader, ModelLeader, Standing, Walk, with_past, written
from wm_gym.geometry.motion import Body

BUMPED = "You walk forward. Something is in your way."


@pytest.fixture
def walk():
    return Walk(np.random.default_rng(0), ChunkLanguage())


def standing(walk, **things):
    sight = Sight(np.zeros(5), lambda p, r: np.zeros(len(p), bool), np.radians(30), things, Body(), 4)
    return Standing(walk, sight, np.zeros((36, 48, 3), np.uint8), "You walk forward.")


def test_a_walk_remembers_chunks_and_the_part_that_was_walked(walk):
    assert walk.so_far("") == []
    walk.begin(press(("W", 2)), "")
    assert walk.so_far("") == [] and [walk.step()[0] for _ in range(2)] == [True, True]
    walk.begin(press(("J", 5)), "You walk forward.")
    walk.step()
    assert walk.so_far("You look left.") == [
        ((Part("W", 2),), "You walk forward."),
        ((Part("J", 1),), "You look left."),
    ]
    sight = with_past(standing(walk).sight, walk, "")
    assert sight.past == ((Part("W", 2),), (Part("J", 1),))
    assert written(walk.so_far("x")[1:]) == '[["[{\\"keys\\":\\"J\\",\\"steps\\":1}]", "x"]]'


def test_a_walk_remembers_no_more_than_the_agent_tells_of(walk):
    for _ in range(9):
        walk.begin(press(("W", 1)), "")
        walk.step()
    assert len(walk.so_far("")) == KEPT_ANSWERS


def test_a_chunk_ends_when_it_is_over_or_something_is_in_the_way(walk):
    assert walk.is_asking("")
    walk.begin(press(("W", 6)), "")
    for _ in range(4):
        assert not walk.is_asking(BUMPED)
        walk.step()
    assert walk.is_asking(BUMPED) and not walk.is_asking("You walk forward.")


def test_experts_lead_by_chance(walk):
    led = [ExpertLeader().lead([standing(walk, fire=(3.0, 0.5))])[0] for _ in range(200)]
    assert {len(keys) for keys in led} >= {2, 8, 15} and all(keys.shape[1] == 8 for keys in led)


def test_a_model_leads_by_its_answers_and_is_told_one_thing_for_a_while(walk, scripted):
    writer = scripted('[{"keys":"D","steps":3}]')
    leader = ModelLeader(writer, "rules", ChunkLanguage(), expert_share=0.0)
    for _ in range(60):
        (keys,) = leader.lead([standing(walk, **{"red ball": (3.0, 0.5)})])
        assert keys[:, 3].all() and len(keys) == 3
        walk.begin(keys, "You step right.")
        walk.step()
    prompts = [one for (one,) in writer.prompts]
    tasks = [one.task for one in prompts]
    assert any("red ball" in task for task in tasks) and any("goal" in task for task in tasks)
    assert 5 < sum(one.split()[-1] != other.split()[-1] for one, other in pairwise(tasks)) < 50
    assert len(prompts[9].history) == KEPT_ANSWERS and prompts[9].history[0][1] == "You step right."
