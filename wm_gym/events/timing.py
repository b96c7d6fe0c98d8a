"""What a text says of time: when an event begins ("in ten steps"), and how long it lasts ("for 3 seconds").

Knows nothing of what happens then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONES = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS: dict[str, float] = {
    **{word: float(number) for number, word in enumerate(_ONES, 1)},
    **{word: 10.0 * number for number, word in enumerate(_TENS, 2)},
    **{f"{ten} {one}": 10.0 * k + n for k, ten in enumerate(_TENS, 2) for n, one in enumerate(_ONES[:9], 1)},
    "a": 1.0, "an": 1.0, "another": 1.0, "half a": 0.5, "a couple of": 2.0, "a few": 3.0, "several": 5.0,
    "a dozen": 12.0, "a hundred": 100.0, "one hundred": 100.0, "two hundred": 200.0,
}  # fmt: skip
_UNITS = {"step": ("step", 1.0), "second": ("second", 1.0), "sec": ("second", 1.0), "s": ("second", 1.0)}
_UNITS |= {"minute": ("second", 60.0), "min": ("second", 60.0)}

_NUMBER = "|".join([r"\d+(?:\.\d+)?", *sorted(_WORDS, key=len, reverse=True)])
_AMOUNT = rf"(?P<number>{_NUMBER})[ -]?(?P<unit>steps?|seconds?|secs?|s|minutes?|mins?)\b(?! (?:ahead|away|off|back)\b)"
_THE_NEXT = r"(?:(?:about|exactly|only|just|the next|the following|another|all of) )*"
_DELAYS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:in|after|once) {_THE_NEXT}{_AMOUNT}(?: time)?(?: (?:from now|have passed|are over|pass))?",
        rf"\b{_AMOUNT} (?:from now|later|from here on)\b",
        rf"\bwait {_THE_NEXT}(?:for )?{_AMOUNT}(?: and| then|,)*",
    )
)
_DURATIONS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:for|during|throughout) {_THE_NEXT}{_AMOUNT}",
        rf"\b(?:that |which )?(?:lasts?|lasting|goes on for|going on for|stays for) {_THE_NEXT}{_AMOUNT}",
        rf"\bover the (?:next|following) {_AMOUNT}",
    )
)


@dataclass(frozen=True)
class Span:
    """A length of time, as a text gives it.

    Attributes:
        amount: Number of units, above 0.
        unit: "step" or "second".
    """

    amount: float
    unit: str


@dataclass(frozen=True)
class Timing:
    """What a text says of time.

    Attributes:
        delay: Until the event begins, or ends if the text ends it; None: at once.
        lasts: How long it goes on; None: until it is ended.
    """

    delay: Span | None = None
    lasts: Span | None = None


AT_ONCE = Timing()
"""Of a text that says nothing of time."""


@dataclass(frozen=True)
class Clock:
    """What a step and a second are in a world.

    Attributes:
        frames_per_step: Frames of a step.
        fps: Frames of a second.
    """

    frames_per_step: int
    fps: float

    def frames(self, span: Span) -> int:
        """A length of time in frames, at least one; steps are whole numbers of frames."""
        return max(1, round(span.amount * (self.frames_per_step if span.unit == "step" else self.fps)))


def read_timing(text: str) -> tuple[Timing, str]:
    """What a text says of time, and the text without it.

    Args:
        text: In lower case.
    """
    delay, rest = _taken(text, _DELAYS)
    lasts, rest = _taken(rest, _DURATIONS)
    return Timing(delay, lasts), " ".join(rest.split()).strip(" ,;:")


def without_timing(text: str) -> str:
    """A text as it was written, but for what it says of time; whole where nothing would be left."""
    rest = text
    for pattern in (*_DELAYS, *_DURATIONS):
        rest = re.sub(pattern.pattern, " ", rest, count=1, flags=re.IGNORECASE)
    rest = re.sub(r"\s+([,;:.!?])", r"\1", " ".join(rest.split())).strip(" ,;:")
    return text if rest == " ".join(text.split()) or not rest.strip(".") else rest


def _taken(text: str, patterns: tuple[re.Pattern[str], ...]) -> tuple[Span | None, str]:
    """The first span that a pattern finds, and the text without it."""
    for pattern in patterns:
        found = pattern.search(text)
        if found:
            span = _span(found["number"], found["unit"])
            if span is not None:
                return span, f"{text[: found.start()]} {text[found.end() :]}"
    return None, text


def _span(number: str, unit: str) -> Span | None:
    name, times = _UNITS[unit if unit in _UNITS else unit.removesuffix("s")]
    amount = times * (_WORDS[number] if number in _WORDS else float(number))
    return Span(amount, name) if amount > 0 else None
