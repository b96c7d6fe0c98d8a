"""What everyday phrasings ask for. The rows of a kind that start it (or let it go on), then those that end it."""

import pytest

from wm_gym.events.language import parse_event
from wm_gym.events.scripts import EventScript

STARTS = {
    "fog": [
        "fog",
        "Fog!",
        "let there be fog",
        "fog rolls in over the city",
        "the fog is over the field",
        "fog lies over the end of the street",
        "there is fog all over",
        "fog all over the park",
        "fog creeps in at the end of the street",
        "fog drifts through the leaves of the trees",
        "fog rolls in at the bus stop",
        "fog rolls in without a sound",
        "fog comes in from far away",
        "thick fog, not too thick to walk in",
        "the fog does not lift",
        "the fog isn't over",
        "the fog won’t go away",
        "the fog never clears",
        "the fog never ends",
        "there is no end to the fog",
        "never-ending fog",
        "nothing but fog",
        "don't let the fog lift",
        "a morning fog rolls in",
        "a walker disappears into the fog",
        "a car stops in the fog",
        "mist hangs over the water",
        "misty",
        "a thin fog rolls in",
        "fog rolls in and no car moves",
        "fog, not far away",
        "the fog shows no sign of lifting",
        "fog hides the exit and the bus stop",
        "the street ends in the fog",
        "the fog refuses to go away",
        "heavy fog takes over the street",
        "i don't want the fog to lift",
    ],
    "snowfall": [
        "snow",
        "make it snow",
        "it snows all over the town",
        "the snow never stops",
        "it doesn't stop snowing",
        "it snows non-stop",
        "it snows without end",
        "snow settles on the leaves",
        "autumn leaves and snow",
        "a blizzard comes over the hills",
        "no one can stop the snow",
        "the snow is far from over",
        "snow blows in from miles away",
        "nobody walks in the snow",
        "it snows until morning",
    ],
    "bonfire": [
        "light a fire",
        "someone lights a bonfire over there",
        "start a campfire away from the house",
        "a bonfire at the end of the street",
        "a fire burns far away",
        "do not put the fire out",
        "the fire does not go out",
        "the fire never dies",
        "no one puts the fire out",
        "a person walks away from the fire",
        "a fire of dry leaves",
        "someone goes out to light a fire",
        "a bonfire in a clearing",
        "a bonfire two streets away",
        "a fire that never goes out",
        "a fire breaks out at the house",
        "someone leaves a bonfire burning",
        "never let the fire die",
    ],
    "fireworks": [
        "fireworks all over the sky",
        "fireworks over the river",
        "rockets go up over the roofs",
        "fireworks go off",
        "the fireworks go on and never end",
        "the fireworks are not over",
    ],
    "walker": [
        "a man walks over the bridge",
        "a woman comes out of the house at the end of the street",
        "the walker does not leave",
        "someone walks over to the bench",
        "a person stands among the leaves",
        "the pedestrian isn't gone",
        "a walker passes by",
        "a person comes closer from ten metres away",
        "a man steps out of the lift",
        "a person leaves the house",
        "a walker comes from the left",
    ],
    "night": [
        "night",
        "make it night",
        "the lights go out and night falls",
        "night falls and the lights go out",
        "night falls over the city",
        "turn day into night",
        "day turns to night",
        "the sun is setting",
        "the sun sets over the park",
        "the night never ends",
        "the night is not over",
        "morning never comes",
        "the sun does not come up",
        "daylight fades",
        "darkness all over the place",
        "it gets dark at the end of the street",
    ],
}
STOPS = {
    "fog": [
        "no fog",
        "no more fog",
        "no fog, please",
        "without fog",
        "without any fog",
        "not foggy",
        "it isn't foggy",
        "it is no longer foggy",
        "there is no longer any fog",
        "there is no fog in the park",
        "there is not any fog any more",
        "stop the fog",
        "end the fog",
        "get rid of the fog",
        "make the fog go away",
        "away with the fog",
        "the wind blows the fog away",
        "the fog is over",
        "the fog is finally over",
        "the fog clears up",
        "the fog has cleared",
        "the fog has lifted",
        "the fog is gone",
        "the fog dissolves",
        "the end of the fog",
        "turn the fog off",
        "the fog, at long last, lifts",
        "the fog lifts and the street is empty",
        "fog-free",
        "the mist burns off",
        "clear the fog away",
        "the fog thins out",
        "neither wind nor fog",
        "let the fog clear",
        "i don't want fog",
        "sunshine drives the fog away",
        "the fog leaves",
    ],
    "snowfall": [
        "no snow",
        "stop snowing",
        "it doesn't snow",
        "it is not snowing",
        "it never snows",
        "it has stopped snowing",
        "the snow lets up",
        "the snow is over now",
        "the snow comes to an end",
        "put an end to the snow",
        "enough snow",
        "switch off the snow",
        "not a single snowflake falls",
        "don't let it snow",
    ],
    "bonfire": [
        "put the fire out",
        "put the bonfire out",
        "put out the fire",
        "someone puts the big fire out",
        "the fire has gone out",
        "the fire burns out",
        "rain puts the flames out",
        "extinguish the bonfire",
        "the bonfire is extinguished",
        "blow the fire out",
        "the fire dies",
        "the fire is dying down",
        "no fire",
        "nobody lights a fire",
        "do not light a bonfire",
        "there isn't a fire",
        "the fire is out",
        "douse the flames",
    ],
    "fireworks": [
        "no fireworks",
        "stop the fireworks",
        "the fireworks are over",
        "no rockets",
        "the fireworks fade away",
        "call the fireworks off",
        "enough fireworks",
        "fireworks, stop",
    ],
    "walker": [
        "no walker",
        "nobody is there",
        "there is no person",
        "the man leaves the park",
        "the person walks away",
        "the walker has left",
        "the woman is gone",
        "the walker vanishes",
        "the person walks off",
        "the walker goes home",
        "the walker walks away into the distance",
        "the pedestrian goes away from here",
    ],
    "night": [
        "turn the night into day",
        "night turns into day",
        "night becomes day",
        "make it day",
        "no night",
        "it is not dark",
        "it is no longer dark",
        "the night is over",
        "end the night",
        "the night gives way to the morning",
        "dawn ends the night",
        "the sun rises over the city",
        "the darkness lifts",
        "do not turn day into night",
    ],
}


NEW_STARTS = {
    "dusk": ["dusk", "let there be dusk", "the evening comes", "a red sunset", "twilight falls over the city"],
    "dawn": ["a rosy dawn breaks", "the first light of the day", "a sunrise over the roofs"],
    "golden_light": ["golden hour", "everything lies in golden light", "the low sun shines into the street"],
    "storm": ["a storm comes up", "thunder rolls", "lightning in the distance", "the storm does not end"],
    "rain": ["rain", "make it rain", "it rains cats and dogs", "it is drizzling", "the rain doesn't stop"],
    "snow_cover": ["the roofs are covered in snow", "there is snow on the ground", "snow blankets the square"],
    "autumn": ["autumn", "let it be autumn", "an autumn day", "autumnal trees"],
    "sepia": ["sepia", "show it in sepia", "a sepia photograph"],
    "pixel_art": ["pixel art", "make it pixelated", "large pixels everywhere"],
    "lamps_on": ["the lamps are on", "turn on the lamps", "street lights glow", "the lanterns are lit", "lamps"],
    "lamps_off": ["turn off the lamps", "switch off all the street lights", "the lamps are out", "a power failure"],
    "smoke": ["smoke", "dense smoke fills the street", "smoke, no end to it", "the smoke does not clear"],
    "explosion": ["boom, an explosion", "a bomb explodes", "a huge blast"],
}
NEW_STOPS = {
    "dusk": ["no dusk", "the evening ends", "twilight fades"],
    "golden_light": ["no more golden light", "the golden glow fades"],
    "storm": ["no storm", "the storm is over at last", "the thunder stops"],
    "rain": ["no rain", "it is not raining", "it no longer rains", "stop the rain", "the rain has passed"],
    "snow_cover": ["no snow on the ground", "the lying snow melts away"],
    "autumn": ["no autumn", "autumn is over"],
    "sepia": ["no sepia", "stop the sepia", "away with the sepia"],
    "pixel_art": ["no pixels", "stop the pixel art"],
    "lamps_on": ["no lamps", "the lamps do not glow"],
    "lamps_off": ["the power cut is over", "no blackout", "the lamps are not out"],
    "smoke": ["no smoke", "the smoke drifts away", "the smoke is gone at last"],
    "explosion": ["no explosion", "the explosions stop"],
}
ABOUT_NOTHING_KNOWN = [
    "a rainbow over the roofs", "the brainy professor speaks", "a dog barks", "the market opens", "a clock strikes ten",
    "the bus arrives", "children sing", "a balloon rises", "the gate opens", "a cat sits on the wall",
]  # fmt: skip


def rows(table):
    return [(kind, text) for kind, texts in table.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), rows(STARTS))
def test_it_begins_or_goes_on(kind, text):
    parsed = parse_event(text)
    assert (parsed.kind, parsed.starts) == (kind, True)


@pytest.mark.parametrize(("kind", "text"), rows(STOPS))
def test_it_ends_or_is_not_to_be(kind, text):
    parsed = parse_event(text)
    assert (parsed.kind, parsed.starts) == (kind, False)


@pytest.mark.parametrize(("kind", "text"), rows(NEW_STARTS))
def test_what_starts_an_event_of_the_other_kinds(kind, text):
    assert (parse_event(text).kind, parse_event(text).starts) == (kind, True)


@pytest.mark.parametrize(("kind", "text"), rows(NEW_STOPS))
def test_what_ends_an_event_of_the_other_kinds(kind, text):
    assert (parse_event(text).kind, parse_event(text).starts) == (kind, False)


@pytest.mark.parametrize("text", ABOUT_NOTHING_KNOWN)
def test_other_text_is_about_no_known_kind(text):
    assert parse_event(text).kind is None


@pytest.mark.parametrize(
    ("first", "second", "ended"),
    [
        ("night falls", "the sunrise begins", True),
        ("dusk falls", "night falls", True),
        ("the lamps come on", "the lamps go out", True),
        ("the lamps go out", "the lamps come on", True),
        ("night falls", "the lamps go out", False),
        ("it starts to rain", "it starts to snow", False),
    ],
)
def test_opposites_end_each_other(first, second, ended):
    script = EventScript(0).schedule(first, 0).schedule(second, 8)
    assert [one.stop_frame for one in script.events] == [8 if ended else None, None]
