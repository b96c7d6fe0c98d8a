"""Which kind of event a text names: the first rule that knows a word of it. Knows nothing of starts and ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wm_gym.events.names import BIRDS, CARS, CRATE_WORDS, CRATES, PERSON_WORDS, PERSONS, TREE_WORDS, TREES
from wm_gym.events.polarity import PLACES

NIGHT = (
    r"nights?|night[- ]?time|nightfalls?|midnight|(?:dark|darkness|darkens?|darkened|darker)\b(?! (?:smoke|clouds?"
    r"|fumes|columns?|plumes?|billows))"
    r"|(?:one|two|three|[123]|11|12|eleven) (?:o'clock )?(?:in the morning|am)|(?:11|eleven) pm"
    r"|sun (?:\w+ ){0,2}?(?:goes?|sets?|setting|sinks?)\b|nocturnal|moonlight|moonlit|starlit|starry"
)
DAY = (
    r"day breaks|dawn|sun (?:\w+ ){0,2}?(?:comes?|rises?|rising|returns?)\b|mornings?|daylight|daytime|(?:it|is|gets"
    r"|becomes|be|comes) light again|noon|midday"
    r"|(?:it (?:is|becomes|gets)|make it|let it be) (?:day|light)\b"
)
LAMPS = (
    r"(?:street[- ]?|gas[- ]?)?(?:lamps?|lanterns?|bulbs?)|street[- ]?lights?|light bulbs?|lights (?=on|off|out|go"
    r"|come|flick|are|fail|die|dim|please|shin)"
    r"|(?:the|all|our|these|those|electric|city|house|more|no|any|many|some) lights(?! (?:up|of|the))|^lights$"
)
POWER = r"(?:power|electricity|current|mains|power grid)"
LIGHTS = r"(?:street[- ]?)?(?:lamps?|lanterns?|lights?|bulbs?)"
_LIGHT = r"(?:turn|switch|put|shut|flip|flick|kill|dim)s? (?:\w+ ){0,3}?lights?"
_OFF = (
    r"off|out(?! of| on| in| here| there| for)|(?:go|goes|are|is|stay|fall|turns?|went) dark|fails?|failing|dies?"
    r"|dying|died|dead"
    r"|kills?|extinguish\w*|cuts? the|disable|deactivate|unplug|smash|break|darken|quench|douse|snuff|shut down|lose "
    r"power|black out"
    r"|dim the|burnt out|dim until"
)
_ONE_LAMP = r"(?:lamp|street ?lamp|lantern|street ?light)"
LAMP_POSTS = rf"(?:lamp|light|lantern)[- ]?(?:posts?|poles?|columns?)|{_ONE_LAMP}s?"
_LIT = r"turn|switch|(?<!street )(?<!street)light|lit|glow|shin|illuminat|burn|flicker|dark|flare|dims?|dimm"
_LAMP_POST = (
    r"(?:lamp|light|lantern)[- ]?(?:posts?|poles?|columns?)|(?:lamp|lantern|light) (?:on|atop) an? (?:\w+ )?(?:pole"
    r"|post|mast)"
    rf"|^(?!.*\b(?:{_LIT})\w*\b).*\b(?:an?|another|one|new|single|extra) (?:\w+ ){{0,2}}?{_ONE_LAMP}\b"
    rf"|(?:remov\w*|take (?:away|down)|pull (?:down|out)|get rid of|tear down|knock down|uproot|dismantle|delete) "
    rf"(?:the |that |this )?{_ONE_LAMP}\b"
    rf"|(?:take|pull|tear|knock|cart|carry) (?:the |that |this ){_ONE_LAMP} (?:\w+ ){{0,3}}?(?:away|down|out|over)"
    rf"|(?:the|that|this) {_ONE_LAMP} (?:\w+ ){{0,4}}?(?:is gone|vanish|disappear|is removed|is taken|topple)\w*"
)
_SPARKS = r"sparks?|colou?rs?|colou?r\w* \w+|stars?|starbursts?|lights?|glitter|showers?|red|green|gold|flowers?"
_GROUND = (
    r"ground|streets?|roofs?|rooftops?|roads?|lawns?|floor|pavements?|paths?|gardens?|fields?|trees|cars|town|city"
    r"|houses|square"
    r"|park|benches|everything|place|landscape|earth|grass|sidewalks?|hills?|steps|yard|courtyard|village|scene|world"
)
_LEAF_COLOURS = r"red|orange|yellow|brown|gold|golden|rust\w*|amber|crimson|scarlet|copper|russet|colou?r\w*"


@dataclass(frozen=True)
class Naming:
    """What names a kind in a text.

    Attributes:
        kind: A name in `KINDS`.
        pattern: Of the words that name it.
    """

    kind: str
    pattern: str

    @property
    def subject(self) -> str:
        """Pattern of the thing itself, without the words by which it is known that the thing is meant."""
        return _SUBJECTS.get(self.kind, self.pattern)


def _named(*patterns: str) -> str:
    return rf"\b(?:{'|'.join(patterns)})\b"


# Ordered: "someone lights a bonfire" is about the fire, "someone sets off fireworks" about the fireworks.
_ABOUT: tuple[tuple[str, str], ...] = (
    (
        "fireworks",
        _named(
            r"fire[- ]?works?|rockets?|pyrotechnics?|fire ?crackers?|roman candles?|catherine wheels?|starbursts?"
            r"|skyrockets?",
            rf"(?:{_SPARKS}) (?:\w+ ){{0,3}}?(?:burst|explode|erupt|bloom|pop)\w* (?:\w+ ){{0,5}}?(?:sky|overhead"
            rf"|above)",
            rf"(?:burst|explosion|shower|bloom|fountain|blossom)s? of (?:\w+ ){{0,2}}?(?:{_SPARKS}) (?:\w+ "
            rf"){{0,5}}?(?:sky|overhead)",
            r"(?:rain|shower|hail)s? of (?:\w+ )?sparks (?:\w+ ){0,3}?(?:sky|overhead)|sparks rain|exploding "
            r"(?:\w+ )?(?:colou?rs|stars)",
            rf"sky (?:\w+ )?(?:explode|burst|erupt|bloom|crackle|sparkle)s? (?:with|in|into|of) (?:\w+ "
            rf"){{0,2}}?(?:{_SPARKS})",
        ),
    ),
    (
        "snow_cover",
        _named(
            r"snow[- ]?(?:cover|cap|clad|blanket|drift|laden|dust|bank|pack)\w*|snowed[- ]in|snow (?:lies|lay"
            r"|covers?|blankets)",
            r"(?:covered|blanketed|white|cloaked|coated|buried|draped|carpeted|capped|dusted|wrapped|knee[- ]deep) "
            r"(?:in|with|under"
            r"|by|beneath|of) (?:\w+ ){0,3}?snow",
            r"(?:cover|bury|blanket|coat|wrap|drape|carpet|drown|dust|hide)s? (?:\w+ ){1,5}?(?:in|with|under"
            r"|beneath) (?:\w+ ){0,4}?snow",
            r"(?:blankets?|layers?|carpets?|coats?|coating|sheets?|covers?|covering|mantle|dusting|duvet|inch(?:es)?"
            r"|foot|feet"
            r"|met(?:re|er)s?|heaps?|piles?|drifts?|mounds?) of (?:\w+ ){0,2}?snow(?! (?:falls|drifts|comes|begins))",
            r"(?:lying|settled|deep|fallen|packed|fresh) snow(?! (?:falls|comes|is falling|begins))",
            rf"snow (?:\w+ ){{0,4}}?(?:on|off|from) (?:all |top of )?(?:the |every |our )?(?:{_GROUND})",
            rf"snowy (?:{_GROUND})|(?:{_GROUND}) (?:\w+ )?snowy|snow (?:\w+ ){{0,2}}?(?:melt|thaw)\w*",
            r"snow (?:\w+ )?(?:cloaks|carpets|coats|smothers|hides|caps|buries|piles up|accumulates|sticks|melts"
            r"|thaws|has (?:melted"
            r"|thawed|settled)|gets deep|is (?:knee[- ])?deep)",
            r"(?:shovel|plough|plow|sweep|scrape|melt|thaw|brush)s? (?:\w+ ){0,4}?snow|snow melt\w*",
            rf"(?:{_GROUND}) (?:\w+ )?(?:turn|go|become)s? white|whiten(?:s|ed)? the (?:{_GROUND})",
        ),
    ),
    (
        "explosion",
        r"\b(?:explo(?:de|des|ded|ding|sion|sions|sive|sives)|blasts?|blasted|bl(?:ows?|ew|own) (?:\w+ ){0,3}?(?:up"
        r"|to (?:bits|pieces"
        r"|smithereens))|blowing (?:\w+ ){0,2}?up|detonat\w+|fire ?balls?|bombs?|bombing|grenades?|dynamite|tnt"
        r"|landmines?|kaboom"
        r"|ka-boom|boom|mushroom cloud|shock ?waves?|(?:balls?|bursts?) of fire|goes? up in flames with)\b",
    ),
    (
        "bonfire",
        _named(
            r"(?:bon|camp|log|watch|wood|bale)[- ]?fires?|fires?|fire ?pits?|fire ?places?|flames?|pyres?|embers"
            r"|braziers?|hearths?",
            r"blaz(?:e|es|ing logs)(?! of (?:light|glory|colou?r))(?! (?:a |the )?trail)|inferno|conflagration"
            r"|ablaze|aflame",
            r"burning (?:\w+ ){0,2}?(?:logs?|wood|branches|twigs|sticks|pile|heap|timber|pallets|straw|rubbish|tyres?)",
            r"(?:logs?|wood|branches|twigs|sticks|timber) (?:\w+ ){0,3}?(?:burn|blaze|crackle|flare|smou?lder|alight"
            r"|ignite)\w*",
        ),
    ),
    (
        "snowfall",
        r"\b(?:snow\w*|blizzards?|flurry|flurries|(?:snow)?flakes?|sleet|(?:snow|wintry|sleet) showers?)\b",
    ),
    (
        "fog",
        r"\b(?:fogs?|fogg\w+|fog ?banks?|fogbound|mists?|mist(?:y(?! (?:sunrise|sunset|dawn|dusk))|ier|iness|ily"
        r"|ing)|haz(?:e|iness|y(?! (?:sunrise|sunset|dawn|dusk)))|smog|murk|pea[- ]?soup\w*"
        r"|brume|the air becomes clear|low[- ](?:hanging|lying)? ?clouds?)\b(?! of (?:smoke|light|gold))",
    ),
    (
        "autumn",
        _named(
            r"autumn\w*|foliage|fall (?:colou?rs?|leaves|season|mood|feel\w*|weather|vibes?|scenery|palette|tones?"
            r"|atmosphere)",
            r"leaves (?:\w+ ){0,2}?(?:turn|chang|glow|becom|tumbl|drop|flutter|swirl|drift|float|fall|rain|rustl"
            r"|spiral|twirl|whirl"
            r"|litter|carpet|blow|com(?:e|ing) down|shed)\w*",
            rf"(?:{_LEAF_COLOURS})(?: and \w+|,? \w+)? (?:leaves|foliage|trees|treetops)",
            rf"leaves (?:\w+ ){{0,3}}?(?:{_LEAF_COLOURS}|green)",
            rf"trees (?:\w+ ){{0,3}}?(?:{_LEAF_COLOURS}|(?:lose|drop|shed)s? (?:their|all) (?:\w+ )?leaves)",
            r"(?:fallen|falling|dead|dry|withered|crunchy|rustling) leaves|green leaves",
            r"(?:season|summer|time|year|trees|nature) (?:\w+ ){0,3}?(?:to|into|for|is|of) (?:the )?(?:autumn|fall)$"
            r"|indian summer",
        ),
    ),
    (
        "storm",
        r"\b(?:thunder\w*|lightning\w*|lightening|(?<!snow)(?<!rain)storms?|stormy|stormier|storming|tempest\w*"
        r"|hurricanes?|cyclones?"
        r"|typhoons?|squalls?|thunderheads|(?:bolts|a bolt) (?:of|from|flash|strik)\w*|sky (?:\w+ ){0,4}?flash\w*"
        r"|flash(?:es|ing)? (?:\w+ ){0,3}?(?:sky|clouds))\b",
    ),
    (
        "rain",
        r"\b(?:rain(?:s|y|ed|ing|ier|fall|falls|drops?|storms?|water|shower|showers)?|downpours?|drizzl\w+|showers?"
        r"|cloud ?bursts?"
        r"|deluges?|monsoons?|precipitation|(?:it|it's|it is|is|outside|starts?|begins?|stops?|sky|clouds) (?:\w+ "
        r")?(?:pour(?!\w* out)|bucket|pelt"
        r"|pissing|mizzl|spitt)\w*)\b",
    ),
    (
        "smoke",
        r"\b(?:smok(?:e|es|y|ing|ier)|smokescreens?|smou?lder\w*|fumes?|soot|plumes? (?!of (?:water|feathers))|plumes?$"
        r"|(?:black|sooty|acrid|grey) clouds? (?:ris|pour|billow|bill|boil)\w*)\b",
    ),
    ("sepia", r"\b(?:sepia|daguerr?eotypes?)\b"),
    ("pixel_art", r"\b(?:pixels?|pixel\w+|voxels?|(?:8|16|eight|sixteen)[- ]?bits?|minecraft)\b"),
    (
        "golden_light",
        _named(
            r"gold(?:en|-coloured|-tinted)? (?:\w+ )?(?:light\w*|hours?|glow|sun\w*|rays?|beams?|shine|shimmer|hues?"
            r"|gleam|radiance)",
            r"low(?:-hanging|-standing)? (?:\w+ )?sun|magic hour|(?:honey|amber|gilded|copper)(?:[- ]\w+)? (?:\w+ "
            r")?(?:light|sun\w*|glow|rays?)",
            r"warm(?:er)?,? (?:\w+ ){0,2}?(?:light|sunlight|sunshine|sunbeams|glow|rays?)",
            r"(?:light|sun\w*) (?:\w+ ){0,4}?(?:gold|golden|honey|amber)|(?:glow|bathe|gild|drench|flood|soak"
            r"|steep)\w* (?:\w+ ){0,3}?in"
            r" (?:\w+ )?gold",
        ),
    ),
    (
        "dawn",
        r"\b(?:sun (?:\w+ ){0,3}?(?:ris|climb|peek|peep|com)\w* (?:\w+ ){0,5}?(?:pink|rosy|east|horizon)|(?:cock"
        r"|rooster)s? crow\w*|(?:early )?(?:light|hours) of (?:the )?morning|sunrises?|sun ?up|daybreak|break of day"
        r"|first light|cock ?crow|(?:light|glow|colou?rs?|crack|break) of dawn"
        r"|(?:pink|pale|cool|early|rosy|misty|new|grey|red|bright|peaceful|quiet|golden) dawn|dawn (?:breaks|is "
        r"breaking|comes|arrives"
        r"|begins|starts|approaches|spreads|light|sky|glow)|^(?:the )?dawn$|(?:make it|let it be|it is|bring|let "
        r"there be|show me|i want"
        r"|give me|have|bring on|start|stop|end|remove|cancel|no|no more|want|skip to|simulate|go to) (?:the )?dawn"
        r"|the dawn (?:is (?:over|past|gone)|ends|fades|passes)$|dawn (?:is (?:over|past|gone)|has passed)"
        r"|morning (?:light|sky|glow|red|sun|rays?|sunlight|haze)|(?:early|crisp|new|pink) morning|morning has "
        r"broken)\b",
    ),
    (
        "dusk",
        r"\b(?:sun (?:\w+ ){0,2}?(?:sets?|setting|sinks?|goes|going) (?:\w+ ){0,5}?(?:red|orange|west|horizon|purple"
        r"|pink)|(?:orange|red|purple|pink|crimson|glow\w*) (?:\w+ ){0,4}?sun (?:\w+ )?(?:sets?|setting|goes|sinks)"
        r"|dusk\w*|twilight|sunsets?|sundown|evenings?|gloaming|eventide|blue hour)\b",
    ),
    (
        "lamps_off",
        rf"^(?!.*\bnight (?:falls|comes))(?=.*\b(?:{LAMPS}|{_LIGHT})\b)(?=.*\b(?:{_OFF})\b)"
        r"|\b(?:power (?:cuts?|failures?|outages?|loss)|blackouts?|brownouts?)\b"
        rf"|^(?!.*\b(?:{LAMPS}|lights?)\b).*\b(?:{POWER} (?:\w+ ){{0,3}}?(?:fail|go|goes|die|cut|out|off|gone|back"
        rf"|return|restor|down|again)\w*"
        rf"|(?:cut|los|kill|restor|bring back|no|switch off|turn off|turn on|switch on|without)\w* (?:\w+ )?{POWER})\b",
    ),
    ("lamp_post", _named(_LAMP_POST)),
    (
        "lamps_on",
        rf"^(?!.*\bnight (?:falls|comes)).*\b(?:{LAMPS}|(?:turn|switch|put|flip|flick|hit)s? (?:on )?(?:the |a |some "
        rf")?lights?)\b",
    ),
    ("crate", _named(CRATES)),
    ("car", _named(CARS)),
    ("birds", _named(BIRDS)),
    ("tree", _named(TREES)),
    ("walker", _named(PERSONS)),
    ("night", rf"\b(?:{NIGHT}|{DAY})\b"),
)
_SUBJECTS = {
    "crate": rf"\b(?:{CRATE_WORDS})\b",
    "tree": rf"\b(?:{TREE_WORDS})\b",
    "walker": rf"\b(?:{PERSON_WORDS}|nobody|no[ -]one)\b",
    "lamp_post": rf"\b(?:{LAMP_POSTS})\b",
    "lamps_on": rf"\b(?:{LIGHTS})\b",
}
_STANDS_SOMEWHERE = {
    "crate": CRATES,
    "car": CARS,
    "birds": BIRDS,
    "tree": TREES,
    "bonfire": r"(?:bon|camp)?fires?|flames",
    "lamp_post": LAMP_POSTS,
    "lamps_on": LAMPS,
}
_SIDE = (
    rf"(?:{PLACES}|over|above|below|between|against|of|with|on top of|next to|close to|in front of) "
    r"(?:the |a |an |this |that |some )?(?:\w+ )?"
)
_BESIDE = (
    r"(?:near|by|beside|next to|close to|around|behind|past|in front of|below|under|opposite) "
    r"(?:the |a |an |this |that |some )?(?:\w+ )?"
)


_AMOUNT_OF = re.compile(
    r"\b(?:flock|swarm|group|pair|couple|lot|number|cloud|bunch|handful|gaggle|murder|dozen|load|stack|pile|row|line"
    r"|queue|stream|flight|host|set"
    r"|hundred|thousand|one|kind|sort)s? of (?:those |these |the )?"
)
"""Before the name of what there are many of: "a swarm of starlings"."""


def first_naming(text: str) -> Naming | None:
    """The first rule that knows a word of a text, which `without_idioms` has cleared; None if none does."""
    for kind, pattern in _ABOUT:
        if re.search(pattern, _without_places(text, kind)):
            return Naming(kind, pattern)
    return None


def _without_places(text: str, kind: str) -> str:
    """A text without the things of a kind that only say where something happens: "a man waits beside a crate"."""
    if kind not in _STANDS_SOMEWHERE:
        return text
    text = _AMOUNT_OF.sub("", text)
    where = _BESIDE if kind in ("bonfire", "lamp_post", "lamps_on") else _SIDE
    return re.sub(rf"\b{where}(?:{_STANDS_SOMEWHERE[kind]})\b", " ", text)
