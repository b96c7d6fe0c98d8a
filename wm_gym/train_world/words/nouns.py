"""What people call each kind of event. Texts are our own."""

from __future__ import annotations

NOUNS: dict[str, tuple[str, ...]] = {
    "night": (
        "night", "nighttime", "darkness", "midnight", "a starry night", "the dark", "a dark sky", "moonlight",
        "nightfall", "pitch darkness", "total darkness", "a moonless night", "the dead of night", "a black sky",
    ),
    "fog": (
        "fog", "mist", "haze", "a fog bank", "thick fog", "a white haze", "low clouds", "a misty veil", "murk",
        "a pea-souper", "ground fog", "a wall of fog", "grey mist", "vapour", "a fog", "brume", "smog",
    ),
    "snowfall": (
        "snow", "snowfall", "flurries", "a blizzard", "snowflakes", "white flakes", "a snowstorm", "flakes",
        "falling snow", "snow showers", "sleet and snow", "a flurry of snow", "a snow squall", "wintry weather",
    ),
    "bonfire": (
        "a bonfire", "a campfire", "a fire", "flames", "a blaze", "burning logs", "a burning pile of wood",
        "a burning heap", "a log fire", "a camp fire", "a small fire", "a pyre", "glowing embers", "a fireplace",
    ),
    "fireworks": (
        "fireworks", "rockets", "a firework display", "pyrotechnics", "firecrackers", "sparks in the sky",
        "a fireworks show", "new year's rockets", "exploding rockets", "coloured bursts", "sky rockets",
        "roman candles",
    ),
    "walker": (
        "a person", "a stranger", "a pedestrian", "a passer-by", "somebody", "someone", "a man", "a woman", "a girl",
        "a boy", "an old man", "a lady", "people", "a child", "a visitor", "a walker", "a tourist", "a neighbour",
        "a guy", "a gentleman", "a jogger", "a passer by", "a local", "a teenager", "an old lady", "a young man",
        "a worker", "a student", "a couple", "some people", "a figure", "a human", "a mother", "a stroller",
    ),
    "dusk": (
        "dusk", "twilight", "evening", "sunset", "nightfall colours", "evening light", "an evening sky", "gloaming",
        "sundown", "the sunset hour", "a red evening sky", "the end of the day", "the blue hour", "eventide",
    ),
    "dawn": (
        "dawn", "sunrise", "daybreak", "first light", "early morning light", "the rising sun", "morning glow",
        "early morning", "a pink morning sky", "the break of day", "cockcrow", "sun up", "the morning sun",
    ),
    "golden_light": (
        "golden light", "golden hour", "low sun", "warm sunlight", "a golden glow", "late afternoon sun", "gold light",
        "a warm light", "honey light", "amber light", "golden sunshine", "slanting sunlight", "a golden haze of light",
    ),
    "storm": (
        "a thunderstorm", "a storm", "lightning", "thunder", "a tempest", "flashes of lightning", "a gale",
        "a thunder storm", "a lightning storm", "rolling thunder", "wild weather", "an electric storm", "a hurricane",
    ),
    "rain": (
        "rain", "drizzle", "a downpour", "showers", "raindrops", "a shower", "heavy rain", "wet weather",
        "pouring rain", "a rain shower", "a cloudburst", "rainfall", "a rainstorm", "rainy weather", "a soft rain",
        "steady rain",
    ),
    "snow_cover": (
        "lying snow", "a blanket of snow", "snow on the ground", "a snow cover", "a white ground",
        "snow-covered streets", "deep snow on the ground", "snowy roofs", "a layer of snow", "a white carpet",
        "snowy pavements", "settled snow",
    ),
    "autumn": (
        "autumn", "fall colours", "autumn leaves", "red and yellow leaves", "orange trees", "october colours",
        "foliage", "the fall", "fall foliage", "an autumn mood", "golden foliage", "rusty leaves", "the autumn season",
    ),
    "sepia": (
        "sepia", "sepia tones", "an old photograph look", "a vintage photo", "brown tones", "an antique picture",
        "an old brown photo", "a sepia filter", "yellowed colours", "a daguerreotype look",
    ),
    "pixel_art": (
        "pixel art", "big pixels", "a retro game look", "blocky graphics", "8-bit graphics", "pixelation",
        "a pixelated look", "low resolution", "an 8-bit look", "a voxel look", "a game boy look", "arcade graphics",
    ),
    "lamps_on": (
        "lamplight", "street lighting", "lit lanterns", "glowing lamps", "bright street lights",
        "light from the lamps", "illumination", "the lights", "burning street lamps", "shining lanterns",
    ),
    "lamps_off": (
        "a blackout", "a power cut", "a power failure", "dark lamps", "a power outage", "a failure of the lights",
        "a loss of power", "an electricity outage", "a brownout", "lights that are off",
    ),
    "smoke": (
        "smoke", "a plume of smoke", "clouds of smoke", "black smoke", "billowing smoke", "fumes", "a smoke cloud",
        "grey smoke", "thick fumes", "a haze of smoke", "sooty clouds",
    ),
    "explosion": (
        "an explosion", "a blast", "a detonation", "a bomb", "a big bang", "a fireball", "a bomb blast", "a loud bang",
        "a burst of fire", "a grenade", "a detonating bomb", "a gas explosion",
    ),
    "crate": (
        "a crate", "a wooden crate", "a box", "a big box", "a wooden box", "crates", "a chest", "a packing case",
        "a container", "a cargo box",
    ),
    "car": (
        "a car", "a vehicle", "an automobile", "a taxi", "a sedan", "cars", "a sports car", "traffic", "a motor car",
        "a limousine",
    ),
    "birds": (
        "birds", "a flock of birds", "pigeons", "crows", "sparrows", "seagulls", "doves", "a swarm of birds",
        "some birds", "swallows",
    ),
    "lamp_post": (
        "a lamp post", "a lamppost", "a light post", "a street lamp pole", "a lantern post", "a single street lamp",
        "a lamp on a pole",
    ),
    "tree": (
        "a tree", "an oak", "a pine", "a pine tree", "a birch", "a poplar", "a big tree", "a young tree",
        "a maple tree",
    ),
}  # fmt: skip
