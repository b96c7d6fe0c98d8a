"""What people call each kind of event, and sentences of their own for its start and its end. Texts are our own."""

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
        "golden light", "golden hour", "low sun", "warm sunlight", "a golden glow", "late afternoon sun",
        "gold light", "a warm light", "honey light", "amber light", "golden sunshine", "slanting sunlight",
        "a golden haze of light",
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
        "foliage", "the fall", "fall foliage", "an autumn mood", "golden foliage", "rusty leaves",
        "the autumn season",
    ),
    "sepia": (
        "sepia", "sepia tones", "an old photograph look", "a vintage photo", "brown tones", "an antique picture",
        "an old brown photo", "a sepia filter", "yellowed colours", "a daguerreotype look",

    ),
    "pixel_art": (
        "pixel art", "big pixels", "a retro game look", "blocky graphics", "8-bit graphics", "pixelation",
        "a pixelated look", "low resolution", "an 8-bit look", "a voxel look", "a game boy look",
        "arcade graphics",
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
        "an explosion", "a blast", "a detonation", "a bomb", "a big bang", "a fireball", "a bomb blast",
        "a loud bang", "a burst of fire", "a grenade", "a detonating bomb", "a gas explosion",
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
"""Names of what happens, by kind."""

STARTS: dict[str, tuple[str, ...]] = {
    "night": (
        "the stars come out", "the sky turns black", "it becomes pitch dark", "the moon rises", "it is late at night",
        "turn day into night", "the light fades and it is dark", "darken the sky", "the day is over", "it goes dark",
        "the last light is gone", "nothing but stars above", "everything lies in darkness", "make the sky black",
        "skip to midnight", "let darkness cover the place", "we are in the middle of the night",
        "the sun has gone down and it is dark", "blacken the sky", "switch to night time",
    ),
    "fog": (
        "it becomes foggy", "it gets misty", "it gets hazy", "visibility drops", "you can hardly see anything",
        "the air thickens", "a grey veil settles", "everything vanishes in white", "a cloud comes down on the place",
        "the view closes in", "everything goes grey and blurred", "a white wall moves in",
        "i cannot see the end of the street for mist", "the houses dissolve in grey", "wrap the place in mist",
        "blanket the area with fog", "clouds sink to the ground", "everything is hidden by haze", "it turns murky",
    ),
    "snowfall": (
        "it begins to snow", "it is snowing", "make it snow", "winter sets in", "winter weather comes",
        "flakes drift down", "flakes tumble from the sky", "white stuff falls from the sky", "it snows hard",
        "flakes whirl around", "flakes dance in the air", "it snows gently", "white flakes float down",
        "the first flakes come down", "cover the sky with flakes", "winter begins with flakes", "it is getting snowy",
        "frozen flakes sail down",
    ),
    "bonfire": (
        "something burns ahead", "light a fire", "set it on fire", "logs are burning", "wood crackles and burns",
        "kindle a fire", "ignite a pile of wood", "flames leap up",
        "start a small blaze", "a heap of branches is on fire", "somebody builds a campfire",
        "there is something on fire over there", "flames flicker ahead", "make something burn", "a blaze flares up",

    ),
    "fireworks": (
        "rockets burst above", "the sky explodes in colours", "launch rockets", "colourful bursts in the sky",
        "set off firecrackers", "celebrate new year with rockets", "bursts of light bloom overhead",
        "a rocket shoots up and bursts", "colours burst over the roofs", "someone launches rockets",
        "sparkling stars burst above us", "light up the sky with rockets", "shoot off some rockets",
        "it bangs and glitters in the sky", "a display of rockets starts",
    ),
    "walker": (
        "a man walks past", "a woman crosses the street", "somebody comes along", "people walk by", "let someone in",
        "a stranger strolls by", "a girl in red walks by", "an old woman passes", "somebody joins us",
        "a boy runs past", "people show up", "someone in a green coat appears", "a figure approaches",
        "someone strolls over", "a man waits over there", "a woman comes this way", "a gentleman steps in",
        "somebody stands in front of me", "a kid runs past", "have someone walk by", "bring in a person",
        "put a person there", "a fellow turns up", "two people walk past", "let a woman cross",
        "a man in a hat comes along", "a lady in blue appears", "a guy in a jacket walks up",
    ),
    "dusk": (
        "the sun sets", "the sun is setting", "the sun sinks", "the sky glows orange", "the day draws to its close",
        "the sky reddens at evening", "the sun is about to set",
        "the sky turns red in the west", "the sun disappears below the horizon",
        "make it evening", "it is late in the day", "a glowing evening sky appears", "the light of evening sets in",
    ),
    "dawn": (
        "the sun is rising", "the sun comes over the horizon", "the first rays appear", "a new day begins",
        "the sky turns pink in the morning", "the sun just rises", "it is early morning", "morning breaks in pink",
        "the sun peeps over the roofs", "day is breaking", "the sky brightens in the east",
        "it dawns", "the day is young", "let the sun rise",
        "the morning light creeps in", "sunbeams of an early morning appear",
    ),
    "golden_light": (
        "everything glows in gold", "warm light floods the place", "sunlight bathes the walls in gold",
        "the sun stands low and warm", "honey-coloured light falls on everything", "the walls shine like gold",
        "a golden shimmer lies on the roofs", "everything is bathed in warm light", "the sun turns everything golden",
        "paint everything in golden light", "warm rays fall sideways", "the light turns warm and yellow",
        "flood the place with golden light", "the afternoon sun glows",
    ),
    "storm": (
        "lightning strikes", "lightning flashes", "thunder rolls", "thunder rumbles", "it thunders",
        "the weather turns violent", "a storm breaks out", "bolts flash across the sky",
        "bolts of lightning tear the sky", "a flash and then thunder", "dark clouds gather and it thunders",
        "the sky flashes", "a tempest rages", "it flashes and booms from the clouds",
        "a violent storm moves in", "make it thunder",
    ),
    "rain": (
        "it is raining", "it pours", "it is pouring", "it drizzles", "water falls from the sky", "drops fall",
        "the clouds open", "it gets wet outside", "rain hammers down", "puddles form", "the sky opens",
        "a shower starts", "water pours from the clouds", "it is wet and drops are falling",
        "the heavens open", "drops splash on the ground", "the clouds begin to weep", "everything gets soaked",
        "it begins to pour",
    ),
    "snow_cover": (
        "the ground turns white with snow", "snow lies everywhere", "snow covers everything",
        "the roofs are covered in snow", "snow has settled on the street", "the place is buried in snow",
        "a white layer covers the streets", "the streets are white",
        "snow has piled up on the ground", "the square is snowed in", "whiten the ground",
        "a carpet of white lies on everything", "cover the ground in white",
    ),
    "autumn": (
        "the leaves turn red", "the leaves turn yellow", "leaves cover the ground", "the trees turn orange",
        "the leaves fall", "colour the trees like in october", "the foliage changes colour",
        "fallen leaves everywhere", "the leaves change colour", "the trees glow red and gold",
        "summer turns into fall", "the season changes to fall", "brown leaves lie about",
        "make the trees red and yellow", "the foliage goes golden", "it looks like october", "turn the leaves orange",
    ),
    "sepia": (
        "make it look like an old photo", "everything turns brown like an old picture", "apply an old brown filter",
        "a nostalgic brownish film look", "like a photograph from 1900", "give it the look of an old photograph",
        "make it brownish like long ago", "colours fade to brown",
        "an antique brown look", "make the picture look a hundred years old",
        "old film colours", "take away the colours but brown",
    ),
    "pixel_art": (
        "pixelate everything", "make it blocky", "turn it into a retro game", "reduce it to big pixels",
        "it looks like an old video game", "8-bit style", "16-bit style", "mosaic of squares",
        "make everything out of squares", "it turns blocky", "like an arcade game",
        "lower the resolution to big squares", "turn it into big blocks", "a chunky retro look",
        "make the graphics look old and square", "switch to 8 bits",
    ),
    "lamps_on": (
        "turn on the lights", "switch the lights on", "switch on the lamps", "the street lights come on",
        "the lanterns light up", "lights on", "light the lamps", "the lamps start to shine", "illuminate the street",
        "let the lanterns shine", "lights go on along the street", "somebody turns the lights on",
        "the lights come on", "put the lights on", "let there be lamplight", "lamps flicker to life",
        "make the lamps burn", "the street is lit by lamps",
    ),
    "lamps_off": (
        "turn off the lights", "switch the lights off", "the lamps go out", "the lights fail", "cut the power",
        "kill the lights", "lights out", "all lamps die", "the electricity fails", "shut down the lamps",
        "the lights die", "all lights fail at once", "the street goes dark as the power fails",
        "somebody turns the lights off", "unplug the lamps", "no electricity any more", "the lamps lose power",
        "every light goes out", "the lights are shut off", "put out the lamps",
    ),
    "smoke": (
        "it smokes", "something is smoking", "smoke pours out", "fumes rise", "smoke fills the air",
        "grey clouds billow up from the ground",
        "it begins to smoke", "smoke curls up", "dark clouds pour out of the ground", "a black cloud rises ahead",
        "fill the street with smoke", "smoke drifts in", "a smoking pile lies ahead",
    ),
    "explosion": (
        "something explodes", "something blows up", "a bomb goes off", "boom", "kaboom", "it detonates", "blow it up",
        "a gas tank bursts", "a car blows up", "it goes up in a fireball", "there is a loud bang", "a bomb bursts",
        "a grenade goes off", "it blows up", "something bursts with a bang", "bang",
        "set off a bomb", "blast something", "a big boom ahead", "a barrel goes up in flames with a bang",
    ),
    "crate": (
        "a crate drops", "drop a crate", "a crate falls from the sky", "a wooden box lands ahead", "a box falls down",
        "put a box in the way", "place a crate in front of me", "a crate crashes down",
        "something wooden and square drops down", "let a crate fall", "set down a box", "a heavy box thuds down",
    ),
    "car": (
        "a car drives by", "a car comes down the road", "let a car pass", "a taxi rolls past",
        "a vehicle crosses the street", "someone drives past", "a red car races by", "a car is parked here",
        "park a car there", "an automobile approaches", "a car rolls up", "send a car through",
    ),
    "birds": (
        "birds fly up", "pigeons scatter", "a flock takes off", "birds flutter up", "let birds fly",
        "birds rise into the air", "crows fly off the ground", "birds circle overhead", "startled birds take wing",
        "a swarm rises", "gulls sail above us",
    ),
    "lamp_post": (
        "put up a lamp post", "a lamp post stands there", "plant a lamp post", "place a street lamp here",
        "a lamp on a pole rises", "erect a lamp post", "a lantern stands by the road", "set up a street lamp",
    ),
    "tree": (
        "plant a tree", "a tree grows here", "a tree stands there", "grow a tree", "put a tree there",
        "a big oak rises ahead", "a pine grows by the way", "let a tree grow", "set a tree by the road",
        "a sapling springs up",
    ),
}  # fmt: skip
"""Sentences for the start."""

STOPS: dict[str, tuple[str, ...]] = {
    "night": (
        "let there be light", "bring back the day", "it gets bright again", "sunlight returns", "daylight comes back",
        "the morning comes", "it is day again", "make it day", "the sky brightens", "turn night into day",
        "night is over", "light comes back to the sky", "let the sun come up", "it brightens", "end of the night",
        "the darkness is gone", "skip to daytime", "make it bright day",
    ),
    "fog": (
        "visibility improves", "the air clears", "the view opens again", "one can see far again", "the veil lifts",
        "the mist is gone", "clear the air", "the haze dissolves", "the view is clear", "blow the mist off",
        "everything is sharp and clear again", "the murk lifts",
    ),
    "snowfall": (
        "the sky clears and nothing falls", "winter is over", "it stops snowing", "the flakes stop falling",
        "no flakes any more", "let the flakes stop", "the sky is clear of flakes",
        "make the flakes go away", "the last flake falls",
    ),
    "bonfire": (
        "put it out with water", "douse the flames", "only ashes remain", "the embers die", "extinguish it",
        "the campfire is out", "smother the fire", "the blaze is over", "nothing burns any more",
        "stamp out the flames", "the logs have burnt down", "the fire is dead",
    ),
    "fireworks": (
        "the last rocket has burst", "the sky is quiet again", "the show in the sky is over", "the display is over",
        "no more bangs in the sky", "stop shooting rockets", "the rockets are all gone", "the show ends",
    ),
    "walker": (
        "everybody leaves", "the man walks off", "the woman goes away", "i want to be alone",
        "nobody is here any more", "send them away", "the stranger disappears", "get rid of him", "she walks away",
        "he leaves", "the passer-by is gone", "the people go away", "let the woman go", "the figure vanishes",
        "the man disappears round the corner", "make everyone leave", "the lady has gone",
    ),
    "dusk": (
        "the evening is over", "the sunset fades", "sunset is over", "no more evening light", "evening has passed",
        "the red sky fades",
    ),
    "dawn": (
        "the sunrise is over", "the morning glow fades", "the morning red is gone", "dawn has passed",
        "sunrise is finished", "the pink sky fades",
    ),
    "golden_light": (
        "the light turns normal again", "the gold fades from the walls", "plain light again",
        "the warm light is gone", "ordinary light returns", "the golden shine goes away", "end the golden hour",
    ),
    "storm": (
        "the weather calms down", "the thunder dies away", "no lightning any more", "the tempest calms",
        "the storm dies down", "no more thunder", "the sky calms", "the lightning is over", "the bad weather passes",
        "calm weather returns",
    ),
    "rain": (
        "it dries up", "it stops raining", "the clouds close again", "dry weather again", "the drops stop falling",
        "the sky dries", "the downpour lets up", "no more drops",
        "the wet weather ends", "it is no longer pouring",
    ),
    "snow_cover": (
        "the snow melts away", "the ground is bare again", "the thaw sets in", "the white layer thaws",
        "the ground is clear of snow", "clear the snow from the streets", "the blanket of snow is gone",
        "the roofs are bare again", "sweep the snow away",
    ),
    "autumn": (
        "the trees are green again", "it is summer again", "spring comes back", "summer returns",
        "the leaves are green again", "back to summer", "green leaves again", "the season turns to spring",
    ),
    "sepia": (
        "give me the colours back", "full colour again", "back to normal colours", "restore the colours",
        "turn the colours back on", "no more brown tint", "remove the old photo look", "the colours return",

    ),
    "pixel_art": (
        "back to normal resolution", "make it smooth again", "sharpen the picture again", "normal graphics again",
        "no more blocks", "high resolution again", "end the retro look", "make the picture sharp again",
        "the squares disappear",
    ),
    "lamps_on": (
        "the lamps stop glowing", "the lanterns stop shining", "no more lamplight",
        "dim the lanterns until they are out", "the lamps are no longer burning",
    ),
    "lamps_off": (
        "the power is back", "the electricity comes back", "the power returns", "restore the power",
        "the lights work again", "electricity is back", "end the blackout", "the lights are back on",
        "repair the power", "the power comes on again",
    ),
    "smoke": (
        "the air is clean again", "the smoke disperses", "the fumes blow away", "the smoke has gone",
        "the fumes clear", "fresh air again", "no more fumes", "the plume disappears", "the smoke dissolves",
    ),
    "explosion": (
        "the explosion is over", "the fireball burns out", "the blast is over", "no more bangs",
        "quiet after the blast",
    ),
    "crate": (
        "the crate is gone", "lift the crate away", "take the box away", "carry the crate off", "remove the box",
        "no more boxes", "clear the crate out of the way", "the box vanishes",
    ),
    "car": (
        "the car drives off", "the car leaves", "no more traffic", "the taxi is gone", "let the car go away",
        "the vehicle disappears", "tow the car away", "get the car out of here",
    ),
    "birds": (
        "the birds fly off", "the flock is gone", "scare the birds away", "no more pigeons", "the crows leave",
        "the birds vanish", "the sky is empty of birds",
    ),
    "lamp_post": (
        "take the lamp post away", "the lamp post is gone", "pull the lamp post down", "no more lamp posts",
        "dismantle the street lamp",
    ),
    "tree": (
        "fell the tree", "cut down the tree", "the tree is gone", "chop the tree down", "take the tree away",
        "uproot the tree", "the tree vanishes",
    ),
}  # fmt: skip
"""Sentences for the end."""
