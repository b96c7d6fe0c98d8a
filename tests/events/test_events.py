import numpy as np
import pytest

from wm_gym.events.kinds import KINDS, appearance_of
from wm_gym.events.language import parse_event, phrase, phrasings
from wm_gym.events.scripts import EventScript

DRAGON = "a dragon flies over the square"


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("phase", ["start", "ongoing", "stop"])
def test_every_phrasing_is_understood(kind, phase):
    for text in phrasings(kind, phase):
        parsed = parse_event(text)
        assert (parsed.kind, parsed.starts) == (kind, phase != "stop"), text


def test_equal_seeds_give_equal_phrases():
    assert phrase("fog", "start", np.random.default_rng(3)) == phrase("fog", "start", np.random.default_rng(3))


def test_strength_rises_holds_and_falls():
    script = EventScript(7).schedule("night falls", frame=10, for_frames=40)
    night = script.events[0]
    strengths = [night.strength(frame) for frame in range(9, 80)]
    assert strengths[0] == 0.0 and max(strengths) == 1.0 and strengths[-1] == 0.0
    peak = strengths.index(1.0)
    assert strengths[: peak + 1] == sorted(strengths[: peak + 1])


def test_a_stop_phrase_ends_the_running_event_and_leaves_the_old_script_alone():
    snowing = EventScript(1).schedule("it starts to snow", frame=0)
    ending = snowing.schedule("the snow stops", frame=30)
    assert snowing.events[0].stop_frame is None
    assert ending.events[0].stop_frame == 30
    assert ending.active(60, 4) == ()


def test_active_events_carry_age_and_seed():
    script = EventScript(1).schedule("a walker appears", frame=6)
    (event,) = script.active(4, 4)
    assert event.age_frames == -2
    assert event.strengths == (0.0, 0.0, 1.0, 1.0)
    assert script.active(4, 4)[0].seed != EventScript(2).schedule("a walker appears", frame=6).active(4, 4)[0].seed


def test_the_prompt_names_what_is_going_on():
    script = EventScript(1).schedule("fog rolls in", 0).schedule("night falls", 0)
    assert (
        script.describe("A quiet street.", 5) == "A quiet street. Fog rolls in. Night falls. It is foggy. It is night."
    )


def test_appearance_is_the_set_of_global_events():
    script = EventScript(1).schedule("fog rolls in", 0).schedule("a bonfire is lit ahead", 0)
    assert appearance_of(script.active(0, 4)) == 0
    assert appearance_of(script.active(40, 4)) == 1 << 1


def test_a_script_survives_json():
    script = EventScript(5).schedule("fog rolls in", 3, for_frames=9).schedule(DRAGON, 4)
    assert EventScript.from_json(script.to_json()) == script


def test_text_of_no_known_kind_is_an_event_for_as_long_as_it_lasts():
    script = EventScript(1).schedule(DRAGON, 10, for_frames=8)
    assert [script.events[0].strength(frame) for frame in (9, 10, 17, 18)] == [0.0, 1.0, 1.0, 0.0]
    (active,) = script.active(8, 4)
    assert (active.kind, active.text, active.strengths) == (None, DRAGON, (0.0, 0.0, 1.0, 1.0))
    assert script.describe("A square.", 12) == "A square. A dragon flies over the square."
    assert script.describe("A square.", 18) == "A square."
    assert appearance_of((active,)) == 0


@pytest.mark.parametrize(
    ("event", "text", "ends"),
    [
        (DRAGON, "the dragon flies away", True),
        (DRAGON, "the dragon disappears over the square", True),
        (DRAGON, "no more dragons", True),
        (DRAGON, "stop the dragon", True),
        (DRAGON, "a second dragon joins in", False),
        (DRAGON, "the dragon does not leave", False),
        (DRAGON, "a car stops in the square", False),
        ("it starts to hail", "it stops hailing", True),
        ("a band plays music", "the music ends", True),
        ("a band plays music", "a dog runs off", False),
        ("balloons rise over the roofs", "the balloons are gone", True),
    ],
)
def test_text_ends_the_free_event_that_it_names(event, text, ends):
    script = EventScript(1).schedule("the crowd cheers", 0).schedule(event, 0)
    after = script.schedule(text, 4)
    assert [one.stop_frame for one in after.events[:2]] == [None, 4 if ends else None]
    assert len(after.events) == 2 if ends else after.events[2].text == text


def test_a_free_event_is_stopped_by_its_text():
    script = EventScript(1).schedule(DRAGON, 0).schedule("the crowd cheers", 0).schedule("fog rolls in", 0)
    assert [event.stop_frame for event in script.stop(DRAGON, 8).events] == [8, None, None]
    assert [event.stop_frame for event in script.stop("fog", 8).events] == [None, None, 8]
    with pytest.raises(ValueError) as raised:
        script.stop("dragon", 8)
    assert str(raised.value) == (
        "only an event that is going on can stop, got 'dragon' while there are "
        "['a dragon flies over the square', 'the crowd cheers', 'fog']"
    )


def test_to_stop_what_is_not_going_on_changes_nothing():
    script = EventScript(1).schedule("night falls", 0)
    assert script.schedule("no fog", 4) is script.schedule("the snow stops", 4) is script


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "event text must say what happens, got ''"),
        (7, "event text must be a string, got int"),
    ],
)
def test_bad_event_texts_are_refused_in_one_sentence(text, message):
    with pytest.raises(ValueError) as raised:
        EventScript(1).schedule(text, 0)
    assert str(raised.value) == message
