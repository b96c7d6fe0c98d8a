"""Suites of events: what they are read from, how a scenario is run, and how its frames are scored."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wm_gym.backends.registry import load_backend
from wm_gym.evaluation.suites.evaluating import BLIND_PHRASINGS, FURTHER_PHRASINGS, PHRASINGS, phrasing_accuracy
from wm_gym.evaluation.suites.judge import (
    EventJudge,
    JudgeConfig,
    JudgeNetwork,
    Verdict,
    balanced_accuracy,
    load_judge,
    save_judge,
)
from wm_gym.evaluation.suites.report import Result, figures_of, strip_of, write_report
from wm_gym.evaluation.suites.running import Branches, run_scenario
from wm_gym.evaluation.suites.scenario import Scenario, read_suite
from wm_gym.evaluation.suites.scoring import score
from wm_gym.events.kinds import KINDS, OBJECTS
from wm_gym.events.language import parse_event
from wm_gym.world.world import World

CORE = read_suite("core")
FIRE = Scenario("fire", "city/9", "a bonfire is lit ahead", "bonfire", at=1, steps=6)


def test_the_core_suite_covers_every_kind_in_many_scenarios():
    assert len(CORE) >= 80 and {one.kind for one in CORE} == set(KINDS)
    assert len({one.world.split("/")[0] for one in CORE}) >= 5 and len({one.size for one in CORE}) >= 2


@pytest.mark.parametrize("one", CORE, ids=lambda one: one.name)
def test_the_texts_of_the_core_suite_are_understood(one):
    assert (parse_event(one.text).kind, parse_event(one.text).starts) == (one.kind, True)
    if one.end_text:
        ended = parse_event(one.end_text)
        is_other = ended.kind != one.kind and KINDS[ended.kind].group == KINDS[one.kind].group
        assert is_other or (ended.kind == one.kind and not ended.starts)


BAD = [
    ("", "must hold a list of scenarios under 'scenarios', got none"),
    ("scenarios: [", "must be YAML, got"),
    ("scenarios: [3]", "a scenario must be a mapping of"),
    ("scenarios: [{name: a, world: city/9, text: x, kind: fog, colour: red}]", "keys of scenario 'a' must be among"),
    ("scenarios: [{name: a, world: city/9, text: x, kind: frog}]", "kind must be one of"),
    ("scenarios: [{name: a, world: city/9, text: '', kind: fog}]", "text must be 1 to 2000 characters, got ''"),
    ("scenarios: [{name: a, world: city/9, text: 7, kind: fog}]", "text must be 1 to 2000 characters, got 7"),
    (
        "scenarios: [{name: a, world: city/9, text: x, kind: fog, at: -1}]",
        "at of 'a' must be a step from 0 to 9, got -1",
    ),
    (
        "scenarios: [{name: a, world: city/9, text: x, kind: fog, at: 99}]",
        "at of 'a' must be a step from 0 to 9, got 99",
    ),
    ("scenarios: [{name: a, world: city/9, text: x, kind: fog, until: 1}]", "until of 'a' must be a step from 3 to 9"),
    ("scenarios: [{name: a, text: x, kind: fog}]", "worlds of 'a' must be names or one of []"),
    ("scenarios: [{world: city/9}]", "scenario None must have name, world, text and kind, got ['world']"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_suites_get_one_clear_sentence(tmp_path, text, message):
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    with pytest.raises(ValueError) as raised:
        read_suite(str(path))
    assert message in str(raised.value) and "\n" not in str(raised.value)


def test_sentences_that_were_written_apart_are_mostly_read_right():
    assert phrasing_accuracy(PHRASINGS) > 0.9 and phrasing_accuracy(FURTHER_PHRASINGS) > 0.86
    assert phrasing_accuracy(BLIND_PHRASINGS) > 0.94


def test_an_unknown_suite_is_refused():
    with pytest.raises(ValueError, match=r"^suite must be one of \['core'\] or the path of a \.yaml file, got 'kore'$"):
        read_suite("kore")


@pytest.fixture(scope="module")
def branches():
    world = World(load_backend("video", 48, 64))
    yield run_scenario(world, FIRE)
    world.close()


def test_both_branches_see_the_same_place_and_one_event(branches):
    assert branches.frames.shape == (2, 5, 48, 64, 3) and branches.alone
    assert not torch.equal(branches.frames[0, -1], branches.frames[1, -1])
    assert torch.equal(branches.world_from_camera[0], branches.world_from_camera[1])


class Oracle:
    """A judge that sees one kind in given steps, in the cells that have changed."""

    def __init__(self, kind, steps):
        self.kind, self.steps = kind, steps

    def judge(self, frames, without):
        config = JudgeConfig()
        seen = torch.zeros(len(frames), len(config.kinds))
        seen[self.steps, config.kinds.index(self.kind)] = 1.0
        masks = torch.zeros(len(frames), len(config.local), 24, 32)
        changed = ((frames.float() - without.float()).abs().mean(-1) > 24).float()[:, None]
        if self.kind in config.local:
            masks[:, config.local.index(self.kind)] = torch.nn.functional.max_pool2d(changed, 2)[:, 0]
        return Verdict(config.kinds, seen, config.local, masks)


def made(kind="fog", steps=6, depth=5.0):
    """Branches that differ in a block of pixels, at another depth."""
    frames = torch.full((2, steps, 48, 64, 3), 100, dtype=torch.uint8)
    frames[0, :, 20:28, 30:38] = 200
    metres = torch.full((2, steps, 48, 64), 10.0)
    metres[0, :, 20:28, 30:38] = depth
    pose = torch.tensor([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]]).expand(2, steps, 4, 4)
    return Branches(frames, metres, pose, torch.tensor([50.0, 50.0, 32.0, 24.0]), frames[1, 0], True)


def test_an_event_that_is_seen_at_once_has_no_delay():
    scored = score(replace(FIRE, steps=7), made(), Oracle("bonfire", slice(0, 6)), 4)
    assert scored.realised and scored.onset_delay_steps == 0 and scored.collateral == 0.0
    assert scored.place == pytest.approx((5.0, -0.15), abs=0.3) and scored.preservation == 0.0


@pytest.mark.parametrize(
    ("steps", "delay", "realised"), [(slice(2, 6), 2, True), (slice(5, 6), 5, False), (slice(0, 0), None, False)]
)
def test_a_late_event_is_delayed_or_not_realised(steps, delay, realised):
    scored = score(replace(FIRE, steps=7), made(), Oracle("bonfire", steps), 4)
    assert (scored.onset_delay_steps, scored.realised) == (delay, realised)


def test_a_ramp_is_no_delay():
    """Fog takes 16 frames, four steps, to its full strength."""
    scored = score(Scenario("fog", "city/9", "fog", "fog", steps=8), made(), Oracle("fog", slice(3, 6)), 4)
    assert scored.onset_delay_steps == 0 and scored.realised and scored.collateral is None


def test_a_delay_that_the_text_asks_for_is_none():
    told = replace(FIRE, steps=7, text="in two steps a bonfire is lit", delay=2)
    assert score(told, made(), Oracle("bonfire", slice(2, 6)), 4).onset_delay_steps == 0


class Blind(Oracle):
    """A judge that knows no objects."""

    def judge(self, frames, without):
        config = JudgeConfig(kinds=tuple(kind for kind in KINDS if kind not in OBJECTS))
        seen, masks = torch.zeros(len(frames), len(config.kinds)), torch.zeros(len(frames), len(config.local), 24, 32)
        return Verdict(config.kinds, seen, config.local, masks)


def test_what_the_judge_does_not_know_is_told_by_what_stands_nearer():
    crate = Scenario("crate", "city/9", "a crate ahead", "crate", at=1, steps=7)
    near, far = (score(crate, made(depth=depth), Blind("crate", []), 4) for depth in (5.0, 12.0))
    assert near.realised and near.onset_delay_steps == 0 and near.collateral == 0.0
    assert near.place == pytest.approx((5.0, -0.15), abs=0.3) and not far.realised


def test_an_end_is_scored_where_there_is_one():
    scenario = replace(FIRE, steps=7, until=4)
    assert score(scenario, made(), Oracle("bonfire", slice(0, 3)), 4).ended is True
    assert score(scenario, made(), Oracle("bonfire", slice(0, 6)), 4).ended is False
    assert score(replace(FIRE, steps=7), made(), Oracle("bonfire", slice(0, 6)), 4).ended is None


def test_persistence_is_scored_after_a_look_away():
    scenario = replace(FIRE, actions="look_away", steps=33)
    again = score(scenario, made(steps=32), Oracle("bonfire", slice(0, 32)), 4)
    assert again.persists is True and again.place_error_m == pytest.approx(0.0)
    assert score(scenario, made(steps=32), Oracle("bonfire", slice(0, 9)), 4).persists is False


def test_a_look_away_comes_back_to_where_it_began():
    scenario = replace(FIRE, actions="look_away", steps=40)
    turns = np.cumsum([scenario.twist(step)[2] for step in range(40)])
    assert turns[-1] == 0.0 and turns.max() == 5.0


def test_a_report_has_figures_rows_and_a_page(tmp_path, branches):
    scored = score(FIRE, branches, Oracle("bonfire", slice(0, 5)), 4)
    results = [Result(FIRE, scored, strip_of(branches), 1.0)]
    data = write_report(tmp_path, "a <suite>", results, {"suite": "none"})
    assert data["realised_local"] == 1.0 and np.isnan(data["realised_global"])
    assert figures_of(results)["event_free_branch_equal_low"] == 1.0
    assert "a &lt;suite&gt;" in (tmp_path / "index.html").read_text() and (
        tmp_path / "suite.csv"
    ).read_text().startswith("name,")


def test_the_shipped_judge_tells_a_changed_frame_from_an_equal_one():
    frames = torch.randint(0, 256, (2, 48, 64, 3), dtype=torch.uint8)
    assert not (EventJudge.create().judge(frames, frames).seen > 0.5).any()


def test_a_file_gives_the_judge_back(tmp_path):
    network = JudgeNetwork(JudgeConfig(width=8))
    save_judge(tmp_path / "a.safetensors", network)
    assert load_judge(tmp_path / "a.safetensors").config == network.config


def test_balanced_accuracy_counts_both_sides_alike():
    assert balanced_accuracy([True, True, True, False], [True, True, True, True]) == pytest.approx(0.375)
    assert balanced_accuracy([False, False, True], [False, False, True]) == 1.0
