"""Phrases of captions: scenes, scripted policies, motions, movers, events.

Source of the layers: LingBot-World 2.3. Texts are our own.
"""

from __future__ import annotations

from wm_gym.events.kinds import KINDS
from wm_gym.events.language import Phase, phrasings

NARRATIVE_STARTS = (
    "The video is a first-person walk.",
    "A first-person view opens.",
    "We see through the eyes of someone on foot.",
    "The clip follows a walker at eye height.",
    "A calm, steady first-person shot.",
    "Somebody carries the camera through this place.",
)

SCENE_STARTS = (
    "",
    "The scene: ",
    "A first-person view of a place: ",
    "What surrounds the viewer: ",
    "The place is described so: ",
)

SCENE_ENDS = (
    "",
    "The light is even and the colours are clear.",
    "Everything stands still and keeps its place.",
    "Walls, ground and sky keep their colours throughout.",
)

INTENTS: dict[str, tuple[str, ...]] = {
    "free": (
        "The camera wanders about freely.",
        "The walker explores with no aim in particular.",
        "The walk goes from one spot to the next, with a look round now and then.",
    ),
    "loop": (
        "The walk leads out and back to where it began.",
        "The camera makes a round and returns to its start.",
        "The way closes into a loop.",
    ),
    "transition": (
        "The camera makes for a far corner of the place.",
        "The walk leads from one space to another.",
        "The walker crosses the place to reach its far side.",
    ),
    "orbit": (
        "The camera circles one spot and keeps it in view.",
        "The walker goes round something to see it from many sides.",
        "The view moves sideways in an arc, looking inwards.",
    ),
    "stand": (
        "The camera stays in one place and looks about.",
        "The viewer stands still, gazing and turning.",
        "Without walking, the view pans over the surroundings.",
    ),
    "backward": (
        "The camera retreats and keeps its eyes on where it came from.",
        "The walker steps backward.",
        "The view draws back slowly.",
    ),
    "look_back": (
        "The walker turns to look back and then goes on.",
        "Now and then the camera looks over its shoulder.",
        "The walk is broken by glances behind.",
    ),
    "film": (
        "The camera films the place at a slow walk.",
        "The walker shows the place round, slowly and evenly.",
        "The view glides through the place without haste.",
    ),
}

MOTIONS: dict[str, tuple[str, ...]] = {
    "still": ("the camera rests", "the view holds still", "the viewer stands and looks"),
    "ahead": ("the camera walks ahead", "the walker goes straight on", "the view glides forward"),
    "ahead_left": ("the camera walks on in a left bend", "the way curves to the left", "the walker veers left"),
    "ahead_right": ("the camera walks on in a right bend", "the way curves to the right", "the walker veers right"),
    "back": ("the camera steps backward", "the walker retreats", "the view draws back"),
    "aside_left": ("the camera moves sideways to the left", "the walker sidesteps left"),
    "aside_right": ("the camera moves sideways to the right", "the walker sidesteps right"),
    "left": ("the camera pans left", "the view turns to the left", "the viewer looks left"),
    "right": ("the camera pans right", "the view turns to the right", "the viewer looks right"),
    "up": ("the camera tilts up", "the view rises", "the viewer looks up"),
    "down": ("the camera tilts down", "the view sinks", "the viewer looks down"),
}

THENS = ("Then ", "After that, ", "Next, ", "Now ", "A little later, ")

MOVERS: dict[str, tuple[str, ...]] = {
    "Walker": ("People walk about.", "Passers-by cross the view.", "Some people are under way."),
    "Bird": ("Birds fly overhead.", "Birds cross the sky."),
    "none": ("Nothing else moves.", "Nobody else is to be seen.", "All is at rest but the camera."),
}

_HELD_OUT_SHARE = 4


def split_phrasings(kind: str, phase: Phase) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Phrases of one phase of an event that training uses, and those it never does: the last quarter, at least one.

    Raises:
        ValueError: If the kind is unknown.
    """
    phrases = phrasings(kind, phase)
    kept = len(phrases) - max(1, len(phrases) // _HELD_OUT_SHARE)
    return phrases[:kept], phrases[kept:]


def held_out() -> frozenset[str]:
    """Every phrase that training never uses."""
    phases: tuple[Phase, ...] = ("start", "ongoing", "stop")
    return frozenset(phrase for kind in KINDS for phase in phases for phrase in split_phrasings(kind, phase)[1])
