"""Words of events that speak of something else: "a fire engine", "last night", "the story dawned on me".

Knows no kinds and no rules: it only takes away what would mislead them.
"""

from __future__ import annotations

import re

NOTHING = "thing"
"""Stands where an idiom stood, so that the rest of the sentence keeps its shape."""

_DAYS = r"mon|tues|wednes|thurs|fri|satur|sun"
_EVERY = (
    rf"last|this|every|each|all|other|tomorrow|yesterday|one|some|opening|(?:{_DAYS})day|wedding|quiz|date|game|movie"
)
_WHOM = r"him|her|me|us|them|you|people|staff|employees|workers"
_COMPOUNDS = (
    r"fire[- ]?(?:engines?|trucks?|alarms?|stations?|brigades?|drills?|exits?|escapes?|hydrants?|extinguishers?"
    r"|fight\w+"
    r"|departments?|hazards?|sales?|walls?|power|arms?|doors?|insurance|safety|proof|flies|fly|chief|ants?)",
    r"(?:cease|enemy|friendly|gun|rifle|artillery|machine[- ]gun|under|rapid|covering|missile)[- ]?fire",
    r"(?:sand|dust|brain|fire|media|political)[- ]?storm\w*|storm (?:cellars?|doors?|windows?|drains?|troopers?)",
    r"lightning (?:rods?|conductors?|fast|speed|bugs?|cables?|wars?)|thunderous|thunder thighs",
    r"snow[- ]?(?:m[ae]n|balls?|boards?\w*|shoes?|ploughs?|plows?|drops|mobiles?|suits?|leopards?|globes?|queen"
    r"|boots|tyres"
    r"|tires|peas?|goose|geese|shovels?|angels?|white(?! (?:light|sky)))",
    r"rain[- ]?(?:coats?|boots?|bows?|forests?|checks?|dances?|deer|gauges?|barrels?|gutters?)",
    r"shower (?:curtains?|gels?|caps?|heads?|cabins?|rooms?|stalls?|doors?)|(?:baby|bridal|meteor|hot|cold) showers?",
    r"fog ?horns?|fog ?lamps?|misty[- ]eyed|foggiest(?: idea)?|(?:hazy|foggy) (?:memor|recollection|idea|notion|mind"
    r"|brain)\w*",
    r"smoke[- ]?(?:detectors?|alarms?|breaks?|signals?|tests?|stacks?|free)|smoking (?:area|room|gun|jacket|habit)s?"
    r"|smoked \w+|no smoking|chain smok\w+",
    r"(?:population|explosive) (?:explosions?|growth|news|temper|issue)|bombshell|(?:bath|photo)[- ]?bombs?|full blast"
    r"|blast (?:from the past|furnaces?)",
    r"(?:cable|dining|sleeping|side|buffet|toy|street|tram)[- ]?cars?|car[- ](?:parks?|dealers?|dealers?hips?|wash"
    r"|insurance"
    r"|keys?|industry|radios?|doors?|boots?|seats?|alarms?|pools?|accidents?|thie\w+|chases?|sales\w+|rentals?|hire"
    r"|ferry|loans?|payments?|mechanics?|makers?|companies|company)",
    r"(?:family|decision|phylogenetic|shoe|search|binary|syntax) trees?|tree[- ]?(?:houses?|trunks?|surgeons?"
    r"|huggers?|frogs?"
    r"|lines?|barks?|roots?|lined|tops?)|pine (?:for|away)|pined \w+",
    r"bird'?s?[- ](?:eye view|baths?|cages?|houses?|feeders?|flu|seeds?|watch\w+|songs?)|(?:early|jail) ?birds?"
    r"|as the crow flies|eats? crow|stool pigeons?|pigeon ?holes?",
    r"box office|box(?:ing|ed|er|ers)|(?:letter|mail|phone|telephone|music|lunch|black|ballot|chocolate|match|tool|inn?"
    r"|jewellery|juke|check|text|dialogue?|search)[- ]?box(?:es)?",
    r"dark[- ](?:blue|red|green|brown|gr[ea]y|hair\w*|horse|chocolate|ages|matter|humou?r|secrets?|wooden|eyes|eyed"
    r"|skin\w*"
    r"|wood|coat|suit|glasses|rooms?|web|side of)|in the dark about|fear of the dark",
    r"night[- ]?(?:clubs?|schools?|shifts?|gowns?|stands?|mares?|owls?|nurses?|watch\w+|caps?|dress\w*|life|trains?"
    r"|bus\w*"
    r"|vision|ingales?)|good[- ]?night|one[- ]night stands?|fortnights?|a (?:good|bad|sleepless) night'?s sleep",
    r"(?:morning|evening) (?:coffees?|papers?|news|person|sickness|stars?|prayers?|routines?|meetings?|trains?"
    r"|classes|class"
    r"|gowns?|dress\w*|wear|meals?|walks?|glory|shows?|edition)|good (?:morning|evening|day)",
    r"man[- ]?made|man (?:in|on|of) the (?:moon|house|match|world)|no man's land|man ?(?:power|kind|hole)s?|man up"
    r"|right[- ]hand man|best man|con man",
    r"light[- ](?:hearted|weight|years?|headed|minded|house|meal|lunch|blue|green)s?",
    r"golden (?:retrievers?|rule|opportunit\w+|ages?|medals?|eggs?|goose|gate|ratio|boy|handshake|wedding|anniversary)",
    r"pixel phones?|autumn (?:term|semester|sale)|fall (?:in love|for (?:him|her|it|you)|asleep|short|apart|behind"
    r"|guy)",
    r"lamp ?(?:shops?|shades?|oil)|lamps? for sale|leaf(?:let|lets| through)|leaves of (?:the book|absence|paper)",
    r"traffic (?:lights?|signs?|wardens?|rules?|laws?)|rocket (?:science|scientists?|salad|ships?)|web traffic",
)  # fmt: skip
_SAYINGS = (
    r"(?:last|every|next) (?:autumn|fall)",
    rf"(?:{_EVERY}) (?:nights?|evenings?|mornings?)(?: long)?",
    r"(?:all|the whole|day and|night after|from morning to|by) night(?: long| after night)?(?= )(?! (?:falls|comes"
    r"|is))",
    r"(?:dawn(?:s|ed|ing)?|snow(?:ed|ing)?) (?:up)?on (?:him|her|me|us|them|you|people)|snowed under(?: with)?",
    rf"fires? (?:{_WHOM}|an? (?:gun|shot|cannon|missile|bullet|question)|the (?:gun|manager|boss|coach|staff|cook))",
    r"(?:was|were|got|gets?|been|is|be|being) fired|fired from",
    r"(?:he|she|they|i|we|you|who) storm(?:s|ed)?|storm(?:s|ed|ing)? (?:out|off|into)|(?:by|like) storm|took \w+ by "
    r"storm",
    r"storms? (?:of (?:protest|applause|criticism|anger|laughter)|in a (?:tea ?cup|glass))|weather the storm",
    r"(?:like|as|greased) (?:greased )?lightning|steals? (?:my|his|her|the|your) thunder|thunder of (?:applause"
    r"|hooves)",
    r"(?:take|took|takes|taking|have|had|having|need|needs|want|wants) (?:a |the |my |his |her )?(?:\w+ )?shower"
    r"|in the shower|shower(?:s|ed|ing)? (?:him|her|me|us|them|you|of|with)(?= (?!rain))|right as rain|take a rain",
    r"(?:pure|white|cold) as (?:the )?(?:driven )?snow|as (?:dark|black) as (?:the )?night|as different as night and "
    r"day",
    r"smok(?:e|es|ed|ing) (?:an? |his |her |the |their )?(?:cigar\w*|pipes?|weed|pot|tobacco)"
    r"|(?:people|men|women|those|he|she|i) (?:who |that |never |often |used to )?smok(?:e|es|ed)|up in smoke|quit "
    r"smoking",
    r"(?:have|had|having|has) a (?:blast|ball)|bl(?:ows?|ew|own) up (?:an? |the )?(?:balloons?|photo\w*|pictures?"
    r"|images?|tyres?)"
    r"|expl\w+ (?:with|in|into) (?:laughter|rage|anger|applause|tears)|bang(?:s|ed|ing)? (?:on|the|his|her|my)",
    r"swallow(?:s|ed)? (?:the|an?|his|her|my|it|hard|up|me|us|them|every\w*)(?= ?)",
    r"(?:play(?:s|ed|ing)?|set(?:s)? the world|hold|held) (?:with |on )?fire(?= (?:on|with|of|in) )?",
    r"turn(?:s|ed)? over a new leaf|(?:barking|bark) up the wrong tree|out of the (?:woods|fog of)|fog of war",
    r"(?:an? |the )?(?:ray|glimmer) of hope|bring(?:s)? to light|(?:see|saw|shed) (?:the )?light|make light of",
    r"lights? (?:an? |his |her |the )?(?:cigar\w*|pipe|candles?|match)",
    r"like (?:a |wild)?fire|northern lights|(?:cock|rooster)'s comb|(?:corn|bran|oat|soap|chilli) ?flakes|flakes? out",
    r"(?:chasing|under a|head in the|cloud nine|silver lining) ?clouds?|the dawn of (?:man|time|history"
    r"|civili[sz]ation|a new era)",
)  # fmt: skip
_IDIOMS = re.compile(rf"\b(?:{'|'.join((*_COMPOUNDS, *_SAYINGS))})\b")


def without_idioms(text: str) -> str:
    """A text, in lower case, in which each idiom is one word that says nothing."""
    return _IDIOMS.sub(NOTHING, text)
