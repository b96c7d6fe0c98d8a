import itertools
import re

import numpy as np
import pytest

from wm_gym.events.kinds import KINDS
from wm_gym.events.language import parse_event, phrasings
from wm_gym.events.scripts import EventScript
from wm_gym.train_world.data.captions import Captions, motion_of, step_prompts, write_captions
from wm_gym.train_world.data.phrasebook import INTENTS, MOTIONS, held_out, split_phrasings
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.policies import POLICIES

SCENE = "A bright hall with blue walls."
SPEC = RecordingSpec("twin", 48, 64, first_frames=1, frames_per_step=4, latents_per_step=1, fps=17.5, far_metres=100.0)


def script_of(kind):
    return EventScript(5).schedule(phrasings(kind, "start")[0], 1 + 4 * 3, 4 * 6)


def captions_of(kind, seed):
    twists = np.zeros((24, 4), np.float32)
    twists[:10, 0], twists[12:, 2] = 1.0, 0.8
    return write_captions(SCENE, "free", twists, script_of(kind), {"Walker"}, SPEC, np.random.default_rng(seed))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", ["start", "ongoing", "stop"])
def test_phrases_are_split_once_for_good(kind, phase):
    train, test = split_phrasings(kind, phase)
    assert train and test
    assert (*train, *test) == phrasings(kind, phase)


@pytest.mark.parametrize("kind", KINDS)
def test_no_held_out_phrase_is_ever_used(kind):
    for seed in range(60):
        captions = captions_of(kind, seed)
        prompts = step_prompts(SCENE, script_of(kind), 24, SPEC, np.random.default_rng(seed))
        text = " ".join([captions.narrative, captions.scene, *(row.caption for row in captions.temporal), *prompts])
        for phrase in held_out():
            assert not re.search(rf"\b{re.escape(phrase)}\b\.", text, re.IGNORECASE), phrase


@pytest.mark.parametrize("kind", KINDS)
def test_prompts_tell_of_an_event_while_it_is_on(kind):
    prompts = step_prompts(SCENE, script_of(kind), 24, SPEC, np.random.default_rng(0))
    assert prompts[:3] == (SCENE,) * 3
    assert all(parse_event(prompt.removeprefix(SCENE)).kind == kind for prompt in prompts[3:9])
    assert prompts[-1] == SCENE


def test_prompts_vary_in_their_words():
    drawn = {step_prompts(SCENE, script_of("night"), 24, SPEC, np.random.default_rng(seed))[3] for seed in range(40)}
    assert len(drawn) > 4


def test_the_scene_caption_says_nothing_of_motion():
    for seed in range(40):
        assert not re.search(r"walks|turns|pans|night|moves", captions_of("night", seed).scene)


def test_the_narrative_tells_the_place_and_the_event():
    narrative = captions_of("snowfall", 1).narrative
    assert SCENE in narrative and "snow" in narrative.lower()


def test_intervals_cover_the_clip_in_order():
    rows = captions_of("fog", 2).temporal
    motions = [row for row in rows if row.event.replace(" ", "_") in MOTIONS]
    assert motions[0].start_seconds == 0.0
    assert motions[-1].end_seconds == pytest.approx(97 / 17.5, abs=0.01)
    assert all(a.end_seconds == b.start_seconds for a, b in itertools.pairwise(motions))
    assert [row.start_seconds for row in rows] == sorted(row.start_seconds for row in rows)
    assert {row.event for row in rows} >= {"fog starts", "fog stops"}


@pytest.mark.parametrize(
    ("twist", "motion"),
    [
        ((0, 0, 0, 0), "still"),
        ((1, 0, 0, 0), "ahead"),
        ((1, 0, 0.5, 0), "ahead_left"),
        ((1, 0, -0.5, 0), "ahead_right"),
        ((-1, 0, 0, 0), "back"),
        ((0, -1, 0, 0), "aside_right"),
        ((0, 0, 1, 0), "left"),
        ((0, 0, 0, -1), "down"),
    ],
)
def test_motions_have_names(twist, motion):
    assert motion_of(np.array(twist, np.float32)) == motion


def test_captions_survive_json():
    captions = captions_of("walker", 3)
    assert Captions.from_json(captions.to_json()) == captions


def test_every_policy_has_phrases():
    assert set(INTENTS) == set(POLICIES)
