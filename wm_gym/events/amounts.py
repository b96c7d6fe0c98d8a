"""How much of it a text asks for: "heavy snow", "a light drizzle", "fog at 40 percent". Rules over words.

A text that says nothing of it asks for all, as one that says "heavy" does: full strength is the most there is.
"""

from __future__ import annotations

import re

FULL, LEAST = 1.0, 0.25
"""Strengths; below the least nobody would see that something happens."""
_STUFF = (
    r"(?:snow\w*|rain\w*|drizzl\w*|showers?|fog\w*|mist\w*|haze|hazy|smok\w*|fumes|storm\w*|thunderstorm|flurr\w*|flakes"
    r"|dusting|cover\w*|sepia|tint|dusk|night|darkness|dawn|autumn|twilight|precipitation|blanket|veil|fall|wind\w*|weather)"
)
_LEVELS: tuple[tuple[float, str], ...] = (
    (0.4, rf"\blight (?:\w+ ){{0,2}}?{_STUFF}\b"),
    (0.4, r"\bnot (?:too|very|so|that) (?:heav\w+|thick\w*|hard|dense\w*|strong\w*)"),
    (0.4, r"\b(?:lightly|gently|softly|mildly|gentle|soft|mild|thin|thinly|weak|weakly|sparse|sparsely|modest)\b"),
    (0.4, r"\ba little(?= (?:\w+ )?" + _STUFF + r")|\ba little(?: bit)?$|\ba bit(?: of)?\b|\bsome(?:what| light)\b"),
    (0.3, r"\b(?:slight|slightly|faint|faintly|barely|scarcely|hardly any|patchy)\b"),
    (0.3, r"\ba (?:touch|hint|trace|breath|whiff|wisp|sprinkling|sprinkle|dusting) of\b|\bwisps of\b"),
    (0.3, r"\ba few (?:snow)?(?:flakes|drops)\b"),
    (0.5, r"\bhalf[- ]strength\b|\bhalf as (?:strong|thick|heavy|dense|dark)\b|\bflurr(?:y|ies)\b|\bdrizzl\w+\b"),
    (0.6, r"\b(?:moderate|moderately|medium|middling|fairly|partly|partial|partially)\b"),
    (0.3, r"\bdrizzl\w+ (?:lightly|gently|softly|a little|a bit)\b|\blight drizzle\b"),
)  # fmt: skip
_STRONG = re.compile(
    r"\b(?:heavy|heavily|thick|thickly|dense|densely|strong|strongly|hard|intense|intensely|torrential|violent\w*|fierce\w*"
    r"|full|fully|massive|severe|severely|extreme\w*|pouring|driving|impenetrable|total|complete|completely|deep|raging"
    r"|pitch|blinding|whiteout)\b"
)
_SHARE = re.compile(r"\b(?:at |of |by |to )?(\d{1,3}(?:\.\d+)?) ?(?:%|percent\b|per cent\b)(?: of)?(?: strength)?")


def read_strength(text: str) -> float:
    """The strength that a text asks for, 0.25..1; of several words for little the least counts, and "not" turns none.

    Args:
        text: In lower case, without what it says of time.
    """
    share = _SHARE.search(text)
    if share:
        return min(FULL, max(LEAST, float(share[1]) / 100.0))
    plain = re.sub(r"\b(?:light|lights|lit) (?:the|a|an|up|all|of)\b", " ", text)
    levels = [level for level, pattern in _LEVELS if re.search(pattern, plain)]
    if not levels:
        return FULL
    return FULL if _STRONG.search(plain) and not re.search(r"\bnot (?:too|very|so|that)\b", plain) else min(levels)
