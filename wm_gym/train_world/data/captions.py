"""Three captions of a clip, and its prompt at each step, written from what the simulator knows.

Narrative: the scene, the camera's motion and the events, as one story. Scene-static: the scene alone, with no word
about motion. Dense temporal: motions and events, each with its start and end. Source: LingBot-World 2.3.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np

from wm_gym.events.language import Phase
from wm_gym.events.scripts import EventScript, ScriptedEvent
from wm_gym.train_world.data.phrasebook import (
    INTENTS,
    MOTIONS,
    MOVERS,
    NARRATIVE_STARTS,
    SCENE_ENDS,
    SCENE_STARTS,
    THENS,
    split_phrasings,
)
from wm_gym.train_world.data.recording_spec import RecordingSpec

_SLOW, _TURNING, _TILTING = 0.2, 0.3, 0.35
_SHORTEST_STEPS = 2
_STORY_PARTS = 4
_WORD_CHANCE = 0.5


@dataclass(frozen=True)
class Interval:
    """A motion or an event, with its start and end.

    Attributes:
        start_seconds: Start, seconds after the clip's.
        end_seconds: End, seconds after the clip's start.
        event: Name, a few words.
        caption: Sentence.
    """

    start_seconds: float
    end_seconds: float
    event: str
    caption: str


@dataclass(frozen=True)
class Captions:
    """The captions of a clip.

    Attributes:
        narrative: Scene, motion and events as one story.
        scene: The scene alone.
        temporal: Motions and events, in order of time.
    """

    narrative: str
    scene: str
    temporal: tuple[Interval, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back into equal captions."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Captions:
        """The captions that `to_json` was called on."""
        return cls(data["narrative"], data["scene"], tuple(Interval(**row) for row in data["temporal"]))


def write_captions(
    scene: str,
    policy: str,
    twists: np.ndarray,
    script: EventScript,
    movers: Collection[str],
    spec: RecordingSpec,
    rng: np.random.Generator,
) -> Captions:
    """The captions of one clip.

    Args:
        scene: Look of the scene, one sentence.
        policy: A row of `INTENTS`.
        twists: (S, 4) of each step.
        script: Events of the clip.
        movers: Classes of the things that were seen to move.
        spec: What recorded the clip.
        rng: Chooses words.
    """
    temporal = _intervals(twists, script, spec, rng)
    parts = [_one(NARRATIVE_STARTS, rng), scene, _one(INTENTS[policy], rng), *_story(temporal, rng)]
    parts += _what_moves(movers, rng)
    static = " ".join([_one(SCENE_STARTS, rng) + scene, _one(SCENE_ENDS, rng)]).strip()
    return Captions(" ".join(parts), static, temporal)


def step_prompts(
    scene: str, script: EventScript, num_steps: int, spec: RecordingSpec, rng: np.random.Generator
) -> tuple[str, ...]:
    """The prompt at each step, as `World` gives it: the scene and its events, in words that vary from clip to clip.

    A rising event is told in half of the clips by a phrase of its start, an ending one by a phrase of its end; else,
    and in between, by a phrase of its course. A clip uses the same phrases throughout.
    """
    words = [_words(event, rng) for event in script.events]
    prompts = []
    for step in range(num_steps):
        said = [_phrase(event, w, spec.num_frames(step)) for event, w in zip(script.events, words, strict=True)]
        prompts.append(" ".join([scene, *(_sentence(text) for text in said if text)]))
    return tuple(prompts)


def motion_of(twist: np.ndarray) -> str:
    """The row of `MOTIONS` that a twist (4,) is."""
    forward, left, yaw, pitch = (float(value) for value in twist)
    if max(abs(forward), abs(left)) >= _SLOW:
        if abs(left) > abs(forward):
            return "aside_left" if left > 0 else "aside_right"
        if forward < 0:
            return "back"
        return "ahead" if abs(yaw) < _TURNING else "ahead_left" if yaw > 0 else "ahead_right"
    if abs(pitch) >= _TILTING and abs(pitch) > abs(yaw):
        return "up" if pitch > 0 else "down"
    if abs(yaw) >= _SLOW:
        return "left" if yaw > 0 else "right"
    return "still"


def _intervals(
    twists: np.ndarray, script: EventScript, spec: RecordingSpec, rng: np.random.Generator
) -> tuple[Interval, ...]:
    """Stretches of one motion, and the starts and stops of events, in order of time."""
    rows, step = [], 0
    for motion, steps in groupby(_smoothed([motion_of(twist) for twist in twists])):
        count = len(list(steps))
        text = _one(MOTIONS[motion], rng)
        rows.append(
            Interval(_seconds(step, spec), _seconds(step + count, spec), motion.replace("_", " "), _sentence(text))
        )
        step += count
    for event in script.events:
        stop = step if event.stop_frame is None else spec.step_of(event.stop_frame)
        start = spec.step_of(event.start_frame)
        rows.append(_event_interval(event, "start", start, stop, spec, rng))
        if event.stop_frame is not None:
            rows.append(_event_interval(event, "stop", stop, step, spec, rng))
    return tuple(sorted(rows, key=lambda row: (row.start_seconds, row.end_seconds)))


def _event_interval(
    event: ScriptedEvent, phase: Phase, start: int, stop: int, spec: RecordingSpec, rng: np.random.Generator
) -> Interval:
    assert event.kind is not None  # clips have events of known kinds
    text = _one(split_phrasings(event.kind, phase)[0], rng)
    return Interval(_seconds(start, spec), _seconds(stop, spec), f"{event.kind} {phase}s", _sentence(text))


def _smoothed(motions: Sequence[str]) -> list[str]:
    """The motions, where a stretch too short for a caption is given the motion before it."""
    runs = [(motion, len(list(steps))) for motion, steps in groupby(motions)]
    smooth: list[str] = []
    for motion, count in runs:
        smooth += [smooth[-1] if smooth and count < _SHORTEST_STEPS else motion] * count
    return smooth


def _story(temporal: Sequence[Interval], rng: np.random.Generator) -> list[str]:
    """The longest stretches of motion and all events, as sentences in order of time."""
    motions = [row for row in temporal if row.event.replace(" ", "_") in MOTIONS]
    longest = sorted(motions, key=lambda row: row.start_seconds - row.end_seconds)[:_STORY_PARTS]
    kept = [row for row in temporal if row in longest or row not in motions]
    first, rest = kept[:1], kept[1:]
    return [row.caption for row in first] + [_then(row.caption, rng) for row in rest]


def _then(sentence: str, rng: np.random.Generator) -> str:
    return _one(THENS, rng) + sentence[0].lower() + sentence[1:]


def _what_moves(movers: Collection[str], rng: np.random.Generator) -> list[str]:
    known = [name for name in ("Walker", "Bird") if name in movers]
    return [_one(MOVERS[name], rng) for name in known or ["none"]]


def _words(event: ScriptedEvent, rng: np.random.Generator) -> dict[str, str]:
    """Phrases of one event in one clip while it rises, goes on, and ends."""
    assert event.kind is not None  # clips have events of known kinds
    course = _one(split_phrasings(event.kind, "ongoing")[0], rng)
    start, stop = (_one(split_phrasings(event.kind, phase)[0], rng) for phase in ("start", "stop"))
    rises, ends = rng.random() < _WORD_CHANCE, rng.random() < _WORD_CHANCE
    return {"rising": start if rises else course, "ongoing": course, "ending": stop if ends else course}


def _phrase(event: ScriptedEvent, words: dict[str, str], frame: int) -> str:
    """The phrase of an event at a frame; empty before it starts and once it is gone."""
    if event.strength(frame) == 0.0:
        return ""
    if event.stop_frame is not None and frame >= event.stop_frame:
        return words["ending"]
    return words["ongoing"] if event.strength(frame) == 1.0 else words["rising"]


def _seconds(step: int, spec: RecordingSpec) -> float:
    return round(spec.seconds(step), 2)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _one(choices: Sequence[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]
