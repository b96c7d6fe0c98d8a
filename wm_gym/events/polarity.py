"""Whether a text that is about an event asks for it or for its end: what ends, what is denied, and both at once.

Two of them cancel: "the fog does not lift" is fog that stays. Rules over words, for one clause at a time; knows no
kinds but by the pattern of their words, which stands for @ in the patterns here.
"""

from __future__ import annotations

import re

_CONTRACTIONS = (("can't", "can not"), ("cannot", "can not"), ("won't", "will not"), ("n't", " not"))
_IS = re.compile(
    r"(?:(?<=\bit)|(?<=\bthat)|(?<=\bthere)|(?<=\bhere)|(?<=\bhe)|(?<=\bshe)|(?<=body)|(?<=thing)|(?<=one))'s\b"
    r"|'s(?= (?:gone|over|out|off|on|dead|finished|done|not|back|here|still|now|all|past|no|at|in|\w+ing)\b)"
)
PLACES = (
    "in|into|at|on|onto|through|near|by|from|beside|around|under|behind|across|past|towards?|during|inside|amid|beneath"
    "|out of"
)
"""Prepositions of place, as alternatives of a pattern."""
_UNDOING = (
    "ban|lose|ditch|dump|scrap|axe|nix|kill|banish|shoo|scare|chase|delete|erase|eliminate|abolish|undo|revert"
    "|dismiss|discard|eject|evict"
    "|expel|oust|demolish|destroy|raze|forget|skip|spare me|disperse|disable|deactivate|hide|cut|drain|replace"
    "|evaporate|turf out"
    "|kick out|throw out|knock off|cut out|leave out|fade out|rub out|wipe out|clean up|tidy up|pack up|clear"
)
"""Verbs that ask for the end of what follows them at once."""
_SCENES = "park|city|town|street|square|place|scene|room|yard|hall|picture|air|world"


def _any_of(*patterns: str) -> str:
    return "|".join(patterns)


# what looks like an end or a denial and is none; the first that fits a place is taken
_HARMLESS = _any_of(
    r"\bwhy (do |does |can |could )?not\b|^(can|could|would|will|is|are|do) not (you|we|i|it|there|this)\b|\bnot "
    r"(mind|hesitate)\b",
    r"\bwithout (any |a |an )?(warning|delay|notice|haste|doubt|reason|wind|sound|hurry|effort)\b|\bin no (time"
    r"|hurry)\b",
    r"\b(can ?not|never) get enough\b|\bno (problem|less|sooner|worries)\b|\bnot (yet|only) enough\b|\bnot enough\b",
    r"\b(can|could) not (\w+ )?(see|make out|tell|recognise|find)\b|\bnothing but\b|\bnot (only|just|merely)\b|\bnot "
    r"far( away)?\b|\bno (doubt|matter|wonder)\b",
    r"\bany ?more\b|\bany longer\b",  # "not ... any more" denies once
    r"\b(but )?not (too|very|so|that|quite|as) \w+|\bbut not \w+",
    r"\b(never[- ]ending|unending|non-?stop)\b",
    r"\bwithout (an |any )?(end|stop|stopping|ending|pause|ceasing)\b",
    r"\b(has|have|with|is) no (end|stop)( in sight)?\b|\bno (end|stop) to\b",
    r"\bno (signs?|thought|hope) of (stopping|ending|lifting|clearing|leaving|going (out|away)|an end)\b",
    r"\b(bus|tram|full|pit) stops?\b|\bstop (signs?|lights?)\b|\b(at|near|by) (the|a) stops?\b|\b(the|a|ski) lift\b",
    r"\b(at|near|from|by|to|towards?|in) the (\w+ )?ends?\b(?! of (the )?(@))|\bends? of (the|a|our|this) (?!@)\w+",
    r"\bends? up\b|\bdead end\b",
    r"\b(far|right|straight|miles|met(re|er)s?|feet|steps?|paces?|streets?|blocks?|houses?|yards?|\d+ ?m) away\b",
    r"\b(the|of|fallen|falling|dead|dry|brown|green|red|yellow|orange|golden|gold|coloured|colorful|colourful|wet"
    r"|autumn|fall|no|all|more"
    r"|on|through|among|under|over|with|and|in|these|those|some|any|crunchy|withered) leaves\b",
    r"^leaves\b|\boff the (ground|roofs?|walls?|trees?|wires?|street|pavement|square)\b|\bstops (ahead|here|in front"
    r"|next to|beside|near)",
    r"(?<!\bgo )(?<!\bgoes )(?<!\bwent )\baway from\b",
    r"\ban?(other)? (\w+ ){0,2}?(cars?|vehicles?|automobiles?|taxis?) (stops|halts|comes to a (halt|stop))\b",
)
_ENDS = _any_of(
    r"\b(stop|end|finish|ceas|halt|cancel|quit|abort|lift|vanish|disappear|extinguish|dous|quench|smother|dispel"
    r"|dissolv|evaporat|dissipat|remov|reced|retreat|withdraw|subsid|depart)(e|es|s|ed|d|ped|led|ing|ping|ling)?\b",
    r"\b(melt|fad)(e|es|s|ed|ing)?\b(?! in\b)|\bdi(e|es|ed)\b|\bdying\b|\bthin(s|ned)\b|\bthin out\b|\bkills? the\b",
    r"\bclear(s|ed)\b|\b(is|are|starts|begins) clearing\b|\bclear (up|off|away|out|the)\b",
    r"\bbecomes? clear\b|\bnot clear$|\b(@) (to )?clear$",
    # "over" and "gone" are said of it, not of where it is
    r"\b(is|are|was|were|be|been|'s) ((?!all\b)\w+ )?over($| (now|at last|for|soon|again|today)\b)|\b(@) over$",
    r"\b(@) (is|are) (\w+ )?out$|\b(walks?|runs?|dri(ves?|fts?)|fl(y|ies)|wanders?) off\b|\bgo(es)? home\b",
    r"\bbl(ows?|own) over\b|\b(is|are|has|have|was|were) (\w+ )?gone\b|\bis (\w+ )?(done|finished)\b|\bhas left$",
    r"\b(\w*storms?|snow\w*|rain|fog|mist|smoke|blizzard|night|showers?|downpours?|drizzle|squalls?|tempest"
    r"|hurricane|evening|sunset|hour"
    r"|twilight|dusk|dawn|sunrise|autumn|haze|cloudburst|blackout|cut|deluge|fumes|weather|thunder) (has |have "
    r")?pass(es|ed)?( by| over)?$",
    r"\bleaves?($| (the (" + _SCENES + r")|us|again|now|slowly|soon|for)\b)|\bis leaving\b|\bexits($| the\b)",
    # verbs whose particle may stand behind the object
    r"\b\w+ (\w+ ){0,3}?away\b|^away with\b|\brid of\b|\ban? end to\b|\bto an end\b|\blet(s|ting)? up\b|\bwears? off\b",
    r"\b(go|goes|went|going|gone) out\b(?! (into|to|for|walking)\b)|\bburn(s|t|ed)? down$|\bbreaks? up\b",
    r"\b(put|blow|blew|blown|stamp|snuff|beat|burn|fizzle|peter|die)(s|d|ed|t|ting|ing)? (\w+ ){0,4}?out\b",
    r"\b(turn|switch|shut|call|drive|burn|blow|haul|carr(y|ies)|drag|tow|clear|wash|shoo)(s|ed|ing)? (\w+ ){0,4}?off\b",
    r"\b(take|takes|taking|took) (the|it|that|this|them) (\w+ ){0,3}?off\b",
    r"\b(cut|chop|pull|tear|knock)(s|ped|ing|ting|ping)? (\w+ ){0,3}?down\b|\b(fell|uproot|dismantl)(s|es|ed|e)?\b",
    r"\benough (of |with )?((all )?(the|this|that|these|those) )?(\w+ )?(@)|\b(sick|tired|bored) of\b|\bfed up "
    r"with\b|\bi hate\b",
    rf"\b({_UNDOING}) (of |with |off |away |up |out )?((all )?(the|this|that|these|those|all|it|any|every) )?((?!(to"
    rf"|in|into|on|at|for)\b)\w+ )?(@)",
    r"\bdrop the (?!crates?|box|boxes|wooden|heavy|big|bombs?|grenade)(\w+ )?(@)|\bback from (the )?(\w+ )?(@)"
    r"|\binstead of (the )?(@)",
    r"\b(wan|abat|eas|slacken|relent|dwindl|taper|diminish|peter|fizzl|ebb|subsid|wither)(e|es|s|ed|ing)?\b( (off"
    r"|out|down))?",
    r"\b(dry|dries|dried) (up|off|out)\b|\bcalms\b|^calm (the|this|that)\b|\b(calm|settle|quiet|simmer|die)(s|d|ed)? "
    r"down\b|\bquietens?\b",
    r"\b(speed|driv|roll|head|walk|run|wander|fly|flies|hurry|hurries|stroll|saunter|rac|mov|sail|limp|trot|ran"
    r"|drove|flew)(e|es|s|ing)?"
    r" off\b|\b(moves?|moved) on$|\bhead(s|ed|ing)? home\b|\bsays? goodbye\b|^(goodbye|farewell|bye|so long)\b"
    r"|\bbegone\b",
    r"\bout of (my |our |the |this )?(sight|view|picture|frame|here|way)\b|^out with (the )?(@)|^down with\b",
    r"\bthe (very )?last (\w+ )?(@) (\w+ )?(burst|fall|fell|die|go|goes|is|are|was|dies|falls|has|have|fade|ends)\w*",
    r"\b(@) (is|are) (now |finally |long )?(past|history|behind us|at an end|no more|done|dead|cold)$|\b(@) (\w+ "
    r")?goes$|\b(@) (off|be gone)$|\bthe (\w+ )?tree (falls|topples|comes down)\b",
    r"^(pour|throw|dump|tip|spray) (water|sand|earth|dirt) (on|over)\b|\bdispers(e|es|ed|ing)\b",
    r"\b(leaves|trees|foliage|season) (\w+ ){0,3}?(green|summer|spring)\b|\bthaw(s|ed|ing)?\b|\b(@) (\w+ )?(should"
    r"|must|may|can|ought to"
    r"|has to|have to|needs? to|could) (now |please |just )?(go|leave)\b|\blet (\w+ ){1,3}(go|leave)$",
    r"\b(shovel|plough|plow|scrape)(s|ed|ing)?\b|\b(sweep|brush)(s|ed|ing)? (the|it|up|off|away|all)\b|\b(chop|hack"
    r"|saw|cut|axe)(s)? (up |down )?(the|that"
    r"|this) (\w+ )?(@)",
    r"\b(snuff|smash|unplug|blot|wipe|wash|filter|scrub|airs?)(s|es|ed)? (\w+ ){0,3}?(out|away|off)\b|\brepair(s"
    r"|ed)?\b",
)
_DENIES = _any_of(
    r"\bnot\b|\bnever\b|\bno longer\b|\bno more\b|\bnobody\b|\bno[ -]one\b|\bnothing\b",
    r"\bneither\b.*?\bnor\b|\bneither\b|\bnor\b|\b(refuses?|fails?|unable) to\b",
)
_DENIES_WHAT_FOLLOWS = _any_of(
    rf"\b(no|without)( (?!(?:{PLACES})\b)\w+){{0,3}}? (@)",
    r"\bfree (of|from) (the |any )?(@)|\b(@)-free\b|\b(fog|mist|snow|fire|flame)less\b",
)
_ONLY_A_PLACE = rf"\b({PLACES}) (the |a |an |this |that |some )?(\w+ )?(@)"
_BETWEEN_CLAUSES = re.compile(
    r"[,;:.!?]+|\b(?:and|but|while|then|when|where|until|as|because|before|after|which|that(?= (?:never|lasts?"
    r"|\w+s)\b))\b"
)
_FEW_WORDS = 2


def plain(text: str) -> str:
    """Lower case, one space between words, no contractions."""
    text = " ".join(text.lower().replace("’", "'").split())
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    return _IS.sub(" is", text)


def starts(text: str, words: str) -> bool:
    """Whether an event is to begin or go on, rather than to end or not to be.

    Args:
        text: As `plain` gives it.
        words: Pattern of the words for the kind of event.
    """
    clause = _clause(_about(_HARMLESS, words).sub(" ", text), words)
    if _about(_ONLY_A_PLACE, words).search(clause):
        return True  # "a car stops in the fog" ends nothing
    ends = _about(_ENDS, words).search(clause) is not None
    return ends == _is_denied(clause, words)


def _about(pattern: str, words: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("@", f"(?:{words})"))


def _clause(text: str, words: str) -> str:
    """The first clause about the event, with what follows if it only names it: "the fire, at last, goes out"."""
    clauses = [" ".join(clause.split()) for clause in _BETWEEN_CLAUSES.split(text)]
    first = next((k for k, clause in enumerate(clauses) if re.search(words, clause)), 0)
    about = clauses[first]
    only_names_it = len(about.split()) <= _FEW_WORDS and re.search(f"(?:{words})$", about)
    return " ".join(filter(None, clauses[first:])) if only_names_it else about


def _is_denied(clause: str, words: str) -> bool:
    rest, denials = re.subn(_DENIES, " ", clause)
    return (denials + len(_about(_DENIES_WHAT_FOLLOWS, words).findall(rest))) % 2 == 1
