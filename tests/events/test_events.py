import numpy as np
import pytest

from wm_gym.events.kinds import KINDS, appearance_of
from wm_gym.events.language import phrase, phrasings, understand
from wm_gym.events.scripts import EventScript


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("phase", ["start", "ongoing", "stop"])
def test_every_phrasing_is_understood(kind, phase):
    for text in phrasings(kind, phase):
        meant = understand(text)
        assert (meant.kind, meant.starts) == (kind, phase != "stop"), text


def test_equal_seeds_give_equal_phrases():
    assert phrase("fog", "start", np.random.default_rng(3)) == phrase("fog", "start", np.random.default_rng(3))


def test_strength_rises_holds_and_falls():
    script = EventScript(7).say("night falls", frame=10, for_frames=40)
    night = script.events[0]
    strengths = [night.strength(frame) for frame in range(9, 80)]
    assert strengths[0] == 0.0 and max(strengths) == 1.0 and strengths[-1] == 0.0
    peak = strengths.index(1.0)
    assert strengths[: peak + 1] == sorted(strengths[: peak + 1])


def test_a_stop_phrase_ends_the_running_event_and_leaves_the_old_script_alone():
    snowing = EventScript(1).say("it starts to snow", frame=0)
    ending = snowing.say("the snow stops", frame=30)
    assert snowing.events[0].stop_frame is None
    assert ending.events[0].stop_frame == 30
    assert ending.active(60, 4) == ()


def test_active_events_carry_age_and_seed():
    script = EventScript(1).say("a walker appears", frame=6)
    (event,) = script.active(4, 4)
    assert event.age_frames == -2
    assert event.strengths == (0.0, 0.0, 1.0, 1.0)
    assert script.active(4, 4)[0].seed != EventScript(2).say("a walker appears", frame=6).active(4, 4)[0].seed


def test_the_prompt_names_what_is_going_on():
    script = EventScript(1).say("fog rolls in", 0).say("night falls", 0)
    assert (
        script.describe("A quiet street.", 5) == "A quiet street. Fog rolls in. Night falls. It is foggy. It is night."
    )


def test_appearance_is_the_set_of_global_events():
    script = EventScript(1).say("fog rolls in", 0).say("a bonfire is lit ahead", 0)
    assert appearance_of(script.active(0, 4)) == 0
    assert appearance_of(script.active(40, 4)) == 1 << 1


def test_a_script_survives_json():
    script = EventScript(5).say("fog rolls in", 3, for_frames=9)
    assert EventScript.from_json(script.to_json()) == script


def test_to_stop_what_is_not_going_on_changes_nothing():
    script = EventScript(1).say("night falls", 0)
    assert script.say("no fog", 4) is script.say("the snow stops", 4) is script


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "dragons attack",
            "event text must be about one of ['bonfire', 'fireworks', 'fog', 'night', 'snowfall', 'walker'], "
            "got 'dragons attack'",
        ),
        (7, "event text must be a string, got int"),
    ],
)
def test_bad_event_texts_are_refused_in_one_sentence(text, message):
    with pytest.raises(ValueError) as raised:
        EventScript(1).say(text, 0)
    assert str(raised.value) == message
