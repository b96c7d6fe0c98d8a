import re

import numpy as np
import pytest

from wm_gym.agents.vlm.chunk import ChunkLanguage, Part
from wm_gym.agents.vlm.grammar import ChoiceGrammar

PART = '{"keys":"W","steps":4}'
TEXTS = [
    ("", "a chunk must be a JSON list, got ''"),
    ("walk on", "a chunk must be a JSON list, got 'walk on'"),
    (f"[{PART}", "a chunk must be a JSON list, got"),
    ("[" * 100_000, "a chunk must be a JSON list, got"),
    (PART, "a chunk must be a JSON list, got"),
    ("[]", "a chunk must have 1 to 3 parts, got 0"),
    (f"[{PART},{PART},{PART},{PART}]", "a chunk must have 1 to 3 parts, got 4"),
    ("[3]", "a part must be {'keys': ..., 'steps': ...}, got 3"),
    ('[{"keys":"W"}]', "a part must be {'keys': ..., 'steps': ...}, got {'keys': 'W'}"),
    ('[{"keys":"W","steps":4,"why":"x"}]', "a part must be {'keys': ..., 'steps': ...}, got"),
    ('[{"keys":"w","steps":4}]', "keys must be different letters of WASDIJKL, got 'w'"),
    ('[{"keys":"WW","steps":4}]', "keys must be different letters of WASDIJKL, got 'WW'"),
    ('[{"keys":["W"],"steps":4}]', "keys must be different letters of WASDIJKL, got ['W']"),
    ('[{"keys":null,"steps":4}]', "keys must be different letters of WASDIJKL, got None"),
    ('[{"keys":"WS","steps":4}]', "keys must not cancel each other, got 'WS'"),
    ('[{"keys":"W","steps":0}]', "steps must be a whole number from 1, got 0"),
    ('[{"keys":"W","steps":-1}]', "steps must be a whole number from 1, got -1"),
    ('[{"keys":"W","steps":true}]', "steps must be a whole number from 1, got True"),
    ('[{"keys":"W","steps":2.5}]', "steps must be a whole number from 1, got 2.5"),
    ('[{"keys":"W","steps":"4"}]', "steps must be a whole number from 1, got '4'"),
    ('[{"keys":"W","steps":21}]', "the steps of a chunk must add up to at most 20, got 21"),
    (f'[{PART},{{"keys":"","steps":17}}]', "the steps of a chunk must add up to at most 20, got 21"),
    ('[{"keys":"' + "x" * 99 + '","steps":1}]', "keys must be different letters of WASDIJKL, got 'xxx"),
]


@pytest.mark.parametrize(("text", "message"), TEXTS)
def test_a_text_that_is_no_chunk_is_refused_with_what_came(text, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        ChunkLanguage(most_steps=20, most_parts=3).parse(text)
    assert len(str(caught.value)) < 200


SETTINGS = [
    (lambda: ChunkLanguage(most_steps=0), "most_steps must be at least 1, got 0"),
    (lambda: ChunkLanguage(most_parts=0), "most_parts must be at least 1, got 0"),
    (lambda: ChunkLanguage.of(4.0, "twist"), "action_mode must be one of ['keys', 'discrete'], got 'twist'"),
    (lambda: ChunkLanguage.of(4.0, "keys", 0), "seconds must be positive, got 0"),
    (lambda: ChunkLanguage(chords=False).write((Part("WJ", 1),)), "a part must hold one key at most, got 'WJ'"),
    (lambda: ChunkLanguage().chunk_of(np.zeros((0, 8), bool)), "pressed must be (S, 8) bool with S at least 1, got"),
    (lambda: ChunkLanguage().chunk_of(np.zeros((3, 8))), "pressed must be (S, 8) bool with S at least 1, got float64"),
    (lambda: ChoiceGrammar(()), "choices must be texts, at least one, got ()"),
]


@pytest.mark.parametrize(("make", "message"), SETTINGS)
def test_a_setting_that_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        make()
