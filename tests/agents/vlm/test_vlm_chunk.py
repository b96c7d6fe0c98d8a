import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.agents.vlm.chunk import KEYS, OPPOSITES, ChunkLanguage, Part, action_of, expand, in_order, list_in
from wm_gym.agents.vlm.grammar import ChoiceGrammar, ChunkGrammar

LANGUAGE = ChunkLanguage(most_steps=44, most_parts=6)


@st.composite
def chords(draw):
    pairs = [draw(st.sampled_from(["", *pair])) for pair in ("WS", "AD", "IK", "JL")]
    return in_order("".join(pairs))


@st.composite
def chunks(draw, language=LANGUAGE):
    parts, left = [], language.most_steps
    for _ in range(draw(st.integers(1, language.most_parts))):
        if left:
            steps = draw(st.integers(1, left))
            keys = draw(chords())
            parts.append(Part(keys if language.chords else keys[:1], steps))
            left -= steps
    return tuple(parts)


def accepts(grammar, text):
    state = grammar.first()
    for character in text:
        state = None if state is None else grammar.follow(state, character)
    return state is not None and grammar.may_end(state)


@given(chunks())
def test_a_chunk_comes_back_from_its_text(chunk):
    assert LANGUAGE.parse(LANGUAGE.write(chunk)) == chunk


@given(chunks())
def test_a_chunk_comes_back_from_its_keys_but_for_where_parts_begin(chunk):
    np.testing.assert_array_equal(expand(LANGUAGE.chunk_of(expand(chunk))), expand(chunk))


@given(chunks())
def test_the_grammar_writes_every_legal_chunk(chunk):
    text = LANGUAGE.write(chunk)
    grammar = ChunkGrammar(LANGUAGE)
    assert accepts(grammar, text) and len(text) <= grammar.most_characters and set(text) <= grammar.alphabet


@given(st.booleans(), st.data())
def test_every_walk_through_the_grammar_ends_in_a_legal_chunk(has_chords, data):
    language = ChunkLanguage(most_steps=13, most_parts=3, chords=has_chords)
    grammar = ChunkGrammar(language)
    state, text = grammar.first(), ""
    while not grammar.may_end(state):
        ways = [character for character in sorted(grammar.alphabet) if grammar.follow(state, character) is not None]
        text += data.draw(st.sampled_from(ways))
        state = grammar.follow(state, text[-1])
    assert language.write(language.parse(text)) == text
    assert not any(grammar.follow(state, character) for character in grammar.alphabet)


@given(st.integers(1, 60), st.data())
def test_any_keys_make_a_legal_chunk(steps, data):
    pressed = np.array(data.draw(st.lists(st.lists(st.booleans(), min_size=8, max_size=8), min_size=1, max_size=steps)))
    for language in (LANGUAGE, ChunkLanguage(most_steps=9, most_parts=2, chords=False)):
        chunk = language.chunk_of(pressed)
        assert language.parse(language.write(chunk)) == chunk


def test_keys_may_come_in_any_order_and_spaces_mean_nothing():
    assert LANGUAGE.parse(' [ {"steps": 3, "keys": "JW"} ]\n') == (Part("WJ", 3),)


def test_an_environment_of_four_and_a_half_steps_a_second_has_chunks_of_44():
    assert ChunkLanguage.of(4.4, "keys") == ChunkLanguage(44, chords=True)
    assert not ChunkLanguage.of(4.4, "discrete").chords


def test_a_key_that_would_do_nothing_is_let_go():
    pressed = expand((Part("WI", 1),))[0]
    mask = np.ones(8, np.int8)
    np.testing.assert_array_equal(action_of(pressed, mask, "keys"), [key in "WI" for key in KEYS])
    mask[KEYS.index("I")] = 0
    np.testing.assert_array_equal(action_of(pressed, mask, "keys"), [key == "W" for key in KEYS])


def test_a_discrete_action_is_the_first_key_and_none_where_that_would_do_nothing():
    mask = np.ones(9, np.int8)
    assert [action_of(expand((Part(keys, 1),))[0], mask, "discrete") for keys in ("", "W", "L")] == [0, 1, 8]
    mask[5] = 0
    assert action_of(expand((Part("I", 1),))[0], mask, "discrete") == 0


def test_a_list_is_found_within_words():
    assert list_in('Sure!\n```json\n[{"keys":"W"}]\n```') == '[{"keys":"W"}]'
    assert list_in("none here") == "none here"


def test_opposites_cancel_each_other():
    assert all(OPPOSITES[OPPOSITES[key]] == key for key in KEYS)


def test_a_choice_is_one_of_its_texts():
    grammar = ChoiceGrammar(("snow", "snows", "rain"))
    assert [accepts(grammar, text) for text in ("snow", "snows", "sno", "raining")] == [True, True, False, False]
