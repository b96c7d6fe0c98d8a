"""What people say of each kind of event: phrasings of its start, its course and its end. Knows nothing of parsing."""

from __future__ import annotations

from typing import Literal

Phase = Literal["start", "ongoing", "stop"]

PHRASES: dict[str, dict[Phase, tuple[str, ...]]] = {
    "night": {
        "start": ("night falls", "it gets dark", "darkness falls", "the sun goes down", "it becomes night"),
        "ongoing": ("it is night", "it is dark", "the night is calm and starry"),
        "stop": ("the night ends", "day breaks", "the sun comes up", "it gets light again", "morning comes"),
    },
    "fog": {
        "start": ("fog rolls in", "it becomes foggy", "a thick fog rises", "mist begins to fill the air"),
        "ongoing": ("it is foggy", "fog hangs in the air", "thick fog hides what is far off"),
        "stop": ("the fog lifts", "the fog clears", "the mist goes away", "the air becomes clear again"),
    },
    "snowfall": {
        "start": ("it starts to snow", "snow begins to fall", "snowflakes start falling", "a snowfall begins"),
        "ongoing": ("it is snowing", "snow is falling", "snowflakes drift down"),
        "stop": ("it stops snowing", "the snow stops", "the snowfall ends", "no more snow falls"),
    },
    "bonfire": {
        "start": ("a bonfire is lit ahead", "a fire starts burning", "someone lights a bonfire", "flames rise ahead"),
        "ongoing": ("a bonfire is burning", "a fire burns on the ground"),
        "stop": ("the bonfire goes out", "the fire dies down", "the fire is put out", "the flames go out"),
    },
    "fireworks": {
        "start": (
            "fireworks begin",
            "fireworks light up the sky",
            "someone sets off fireworks",
            "rockets burst overhead",
        ),
        "ongoing": ("fireworks are going off", "fireworks burst in the sky"),
        "stop": ("the fireworks end", "the fireworks stop", "no more fireworks", "the last rocket is over"),
    },
    "walker": {
        "start": ("a walker appears", "a person walks in", "someone appears ahead", "a pedestrian comes along"),
        "ongoing": ("a person is walking about", "a walker is ahead"),
        "stop": ("the walker leaves", "the person goes away", "the pedestrian disappears", "the walker is gone"),
    },
    "dusk": {
        "start": ("dusk falls", "the sunset begins", "twilight comes", "evening comes"),
        "ongoing": ("it is dusk", "the evening sky glows", "the light is that of a sunset"),
        "stop": ("the dusk ends", "the dusk is over", "the sunset is over", "the evening is over"),
    },
    "dawn": {
        "start": ("a pink dawn comes", "the light of dawn appears", "a sunrise begins", "first light comes"),
        "ongoing": ("the light of dawn lies over everything", "the sunrise glows"),
        "stop": ("the light of dawn fades", "the sunrise is over", "the glow of dawn ends", "the sunrise ends"),
    },
    "golden_light": {
        "start": ("golden light falls on everything", "the golden hour begins", "the low sun turns all to gold"),
        "ongoing": ("golden light lies over everything", "it is the golden hour"),
        "stop": ("the golden light fades", "the golden hour ends", "the golden hour is over"),
    },
    "storm": {
        "start": ("a thunderstorm begins", "lightning flashes", "a storm breaks out", "thunder and lightning come"),
        "ongoing": ("a thunderstorm is raging", "lightning flashes in dark clouds"),
        "stop": ("the storm ends", "the storm is over", "the lightning stops", "the thunderstorm goes away"),
    },
    "rain": {
        "start": ("it starts to rain", "rain begins to fall", "a downpour begins", "it begins to drizzle"),
        "ongoing": ("it is raining", "rain is falling"),
        "stop": ("it stops raining", "the rain stops", "the downpour ends", "no more rain falls"),
    },
    "snow_cover": {
        "start": ("snow covers the ground", "the ground is blanketed with snow", "everything is covered in snow"),
        "ongoing": ("snow lies on the ground", "the ground is white with snow"),
        "stop": ("the snow cover melts", "the snow on the ground is gone", "the snow cover disappears"),
    },
    "autumn": {
        "start": ("autumn comes", "it becomes autumn", "autumn colours appear", "the trees turn to autumn colours"),
        "ongoing": ("it is autumn", "the trees stand in autumn colours"),
        "stop": ("the autumn ends", "the autumn is over", "the autumn colours fade", "autumn is gone"),
    },
    "sepia": {
        "start": ("everything turns to sepia", "a sepia tone sets in", "the picture becomes sepia"),
        "ongoing": ("everything is in sepia", "the world is seen in sepia"),
        "stop": ("the sepia tone ends", "the sepia fades", "no more sepia"),
    },
    "pixel_art": {
        "start": ("the world turns into pixel art", "everything becomes pixelated", "a pixel art look sets in"),
        "ongoing": ("the world is pixel art", "everything is pixelated"),
        "stop": ("the pixel art ends", "no more pixel art", "the pixel art look disappears"),
    },
    "lamps_on": {
        "start": ("the lamps come on", "the street lights light up", "the lamps are lit", "lanterns begin to glow"),
        "ongoing": ("the lamps are glowing", "the street lights are on"),
        "stop": ("the lamps stop glowing", "the lanterns are no longer lit", "the lamps are not lit any more"),
    },
    "lamps_off": {
        "start": ("the lamps go out", "the street lights are switched off", "a power cut begins", "a blackout begins"),
        "ongoing": ("the lamps are out", "there is a blackout"),
        "stop": ("the power cut ends", "the blackout is over", "the blackout ends"),
    },
    "smoke": {
        "start": ("smoke rolls in", "smoke rises ahead", "thick smoke begins to rise", "smoke billows up"),
        "ongoing": ("smoke is rising", "smoke hangs over the ground"),
        "stop": ("the smoke clears", "the smoke is gone", "the smoke thins out", "no more smoke"),
    },
    "explosion": {
        "start": ("something explodes ahead", "an explosion goes off", "there is an explosion", "a blast goes up"),
        "ongoing": ("an explosion is going on", "the blast of an explosion spreads"),
        "stop": ("the explosion ends", "the explosion is over", "no more explosions"),
    },
    "crate": {
        "start": (
            "a crate drops from above",
            "a wooden crate falls down ahead",
            "a box is put in the way",
            "a crate ahead",
        ),
        "ongoing": ("a crate stands on the ground", "there is a crate in the way"),
        "stop": ("the crate is taken away", "the crate disappears", "remove the crate", "no more crates"),
    },
    "car": {
        "start": ("a car passes by", "a car drives past", "a car comes along", "a vehicle drives up"),
        "ongoing": ("a car is driving to and fro", "a car is on the road"),
        "stop": ("the car drives away", "the car is gone", "the car disappears", "no more cars"),
    },
    "birds": {
        "start": ("birds take off", "a flock of birds takes wing", "birds fly up ahead", "pigeons flutter up"),
        "ongoing": ("birds are circling", "a flock of birds is in the air"),
        "stop": ("the birds fly away", "the birds are gone", "the flock disappears", "no more birds"),
    },
    "lamp_post": {
        "start": (
            "a lamp post appears",
            "a street lamp stands by the road",
            "a lamp post is put up",
            "add a lamp post",
        ),
        "ongoing": ("a lamp post stands ahead", "there is a lamp post by the way"),
        "stop": ("the lamp post disappears", "the lamp post is taken away", "remove the lamp post"),
    },
    "tree": {
        "start": ("a tree appears by the road", "a tree grows ahead", "a tree is planted", "add a tree"),
        "ongoing": ("a tree stands by the way", "there is a tree ahead"),
        "stop": ("the tree disappears", "the tree is cut down", "the tree is taken away", "remove the tree"),
    },
}
"""For each kind in `KINDS`, phrases of each phase. `parse_event` reads every one of them back."""
