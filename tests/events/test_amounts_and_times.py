"""What texts say of strength and of time, and what scripts make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.events.kinds import KINDS
from wm_gym.events.language import parse_event
from wm_gym.events.scripts import EventScript
from wm_gym.events.timing import Clock, Span, without_timing

CLOCK = Clock(4, 16.0)


@pytest.mark.parametrize(
    ("text", "kind", "strength"),
    [
        ("heavy snow", "snowfall", 1.0),
        ("a light snow begins to fall", "snowfall", 0.4),
        ("it starts to snow", "snowfall", 1.0),
        ("it snows hard", "snowfall", 1.0),
        ("a light drizzle", "rain", 0.3),
        ("it drizzles", "rain", 0.5),
        ("torrential rain", "rain", 1.0),
        ("it rains a little", "rain", 0.4),
        ("a gentle rain falls", "rain", 0.4),
        ("thick fog", "fog", 1.0),
        ("a thin fog rolls in", "fog", 0.4),
        ("a faint mist", "fog", 0.3),
        ("fog, not too thick", "fog", 0.4),
        ("fog at 40 percent", "fog", 0.4),
        ("60% fog", "fog", 0.6),
        ("a touch of sepia", "sepia", 0.3),
        ("a wisp of smoke", "smoke", 0.3),
        ("light the lamps", "lamps_on", 1.0),
        ("a light goes on: the lamps are lit", "lamps_on", 1.0),
        ("a thin man appears", "walker", 1.0),
        ("the first light of dawn", "dawn", 1.0),
        ("golden light falls on everything", "golden_light", 1.0),
    ],
)
def test_a_text_says_how_much(text, kind, strength):
    parsed = parse_event(text)
    assert (parsed.kind, parsed.starts, parsed.strength) == (kind, True, strength)


@pytest.mark.parametrize(
    ("text", "delay", "lasts"),
    [
        ("in ten steps it starts to snow", Span(10, "step"), None),
        ("it starts to snow in 10 steps", Span(10, "step"), None),
        ("after 3 seconds, fog rolls in", Span(3, "second"), None),
        ("fog rolls in 2.5 s from now", Span(2.5, "second"), None),
        ("half a minute later it snows", Span(30, "second"), None),
        ("night falls for twenty steps", None, Span(20, "step")),
        ("night falls for twenty-five steps", None, Span(25, "step")),
        ("rain that lasts 8 seconds", None, Span(8, "second")),
        ("in a dozen steps a man appears for 3 seconds", Span(12, "step"), Span(3, "second")),
        ("a fire burns ten steps ahead", None, None),
        ("a second dragon joins in", None, None),
        ("a walker comes closer from ten metres away", None, None),
        ("a man steps out of the lift", None, None),
        ("snow in two zero steps", None, None),
    ],
)
def test_a_text_says_when_and_for_how_long(text, delay, lasts):
    timing = parse_event(text.replace("-", " ")).timing
    assert (timing.delay, timing.lasts) == (delay, lasts)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_times_change_nothing_else_of_what_a_text_says(kind):
    from wm_gym.events.language import phrasings

    for phase in ("start", "stop"):
        for text in phrasings(kind, phase):
            timed = parse_event(f"in ten steps {text} for 3 seconds")
            assert (timed.kind, timed.starts) == (kind, phase == "start"), text


def test_times_are_left_out_of_prompts():
    assert without_timing("In ten steps it starts to snow.") == "it starts to snow."
    assert without_timing("A fire burns for 3 seconds, then smoke") == "A fire burns, then smoke"
    script = EventScript(1).schedule("in ten steps it starts to snow", 0, clock=CLOCK)
    assert script.describe("A square.", 50) == "A square. It starts to snow. It is snowing."


def test_an_event_begins_and_ends_when_its_text_says():
    [event] = EventScript(1).schedule("in ten steps it snows for 2 seconds", 8, clock=CLOCK).events
    assert (event.start_frame, event.stop_frame) == (8 + 40, 8 + 40 + 32)


def test_what_is_given_beside_a_text_goes_before_what_it_says():
    [event] = EventScript(1).schedule("it snows for 2 seconds", 8, for_frames=12, clock=CLOCK).events
    assert event.stop_frame == 20


def test_an_end_can_be_asked_for_later():
    script = EventScript(1).schedule("fog rolls in", 0).schedule("the fog lifts in five steps", 10, clock=CLOCK)
    assert script.events[0].stop_frame == 30


def test_text_of_no_known_kind_has_times_too():
    [event] = EventScript(1).schedule("in 3 steps a dragon flies over for a second", 0, clock=CLOCK).events
    assert (event.kind, event.start_frame, event.stop_frame) == (None, 12, 28)


def test_without_a_clock_times_are_words():
    [event] = EventScript(1).schedule("in ten steps it snows for 2 seconds", 8).events
    assert (event.start_frame, event.stop_frame) == (8, None)


@given(st.sampled_from(["light", "thin", "faint", "moderate", "heavy"]), st.integers(0, 60))
def test_strength_never_passes_what_was_asked_for(word, frame):
    [event] = EventScript(1).schedule(f"a {word} fog rolls in", 4, for_frames=30).events
    plain = EventScript(1).schedule("fog rolls in", 4, for_frames=30).events[0]
    assert event.strength(frame) == pytest.approx(event.level * plain.strength(frame))


@given(st.floats(0.01, 100.0), st.sampled_from(["step", "second"]))
def test_a_span_is_at_least_a_frame(amount, unit):
    frames = CLOCK.frames(Span(amount, unit))
    assert frames >= 1 and abs(frames - amount * (4 if unit == "step" else 16.0)) <= 1.0
