"""Pairs to train action agents on: a frame and an instruction, and the chunk that follows.

They come from films (`filming.film_walks`) and from recordings (`wm-gym collect`), whose instructions are read off the
policy that moved the body. Source: LingBot-World section 5.2, "image-action pairs".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wm_gym.agents.vlm.chunk import Chunk, ChunkLanguage
from wm_gym.agents.vlm.instructions import SHARES
from wm_gym.geometry.motion import KEYS
from wm_gym.train_world.data.recordings import Recordings

POLICY_TEXTS: dict[str, tuple[str, str]] = {
    "free": ("explore", "explore"),
    "transition": ("explore", "explore"),
    "loop": ("loop", "walk a loop and come back"),
    "orbit": ("orbit", "walk around what is ahead"),
    "stand": ("look_round", "stay and look around"),
    "backward": ("backwards", "walk backwards"),
    "look_back": ("look_back", "walk on and look back now and then"),
}
"""Policy of a recording to family and instruction."""

History = tuple[tuple[str, str], ...]
"""Earlier answers, and what came of each, the oldest first."""

_MIRRORED = {key: KEYS.index(other) for key, other in zip("WASDIJKL", "WDSAILKJ", strict=True)}
_LEAST_STEPS, _EVERY_STEPS = 4, 2
_FILM_ARRAYS = ("frames", "frame_of", "families", "instructions", "keys", "steps")
_KEYS_IN_ANSWER = re.compile('"[WASDIJKL]+"')
_LOOKING = ("explore", "fire out of view", "object out of view")
_ONE_SIDED = ("turn_around", "look_round", "loop")  # what goes to one side by convention alone


@dataclass(frozen=True, eq=False)
class Pair:
    """One example.

    Attributes:
        frame: (H, W, 3) uint8.
        instruction: In words.
        chunk: What an expert would press.
        key: Equal for equal frames.
        history: Earlier answers, and what came of each, the oldest first.
    """

    frame: np.ndarray
    instruction: str
    chunk: Chunk
    key: tuple[int, int, bool]
    history: History = ()


@dataclass(frozen=True, eq=False)
class Source:
    """Pairs of one film or dataset, as arrays like a film's (`filming`)."""

    frames: np.ndarray
    frame_of: np.ndarray
    families: np.ndarray
    instructions: np.ndarray
    keys: np.ndarray
    steps: np.ndarray
    histories: np.ndarray
    history_of: np.ndarray


class Pairs:
    """Pairs of several films and datasets, drawn by the shares of their families.

    Args:
        paths: Films (`.npz`) and folders of recordings.
        most_parts: Of a chunk.
        mirrors: Whether half of the pairs are shown in a mirror, left for right.

    Raises:
        ValueError: If there is none, or one holds neither a film nor recordings.
    """

    def __init__(self, paths: Sequence[str], most_parts: int = 12, *, mirrors: bool = False) -> None:
        if not paths:
            raise ValueError("data must name at least one film or folder of recordings, got none")
        self._sources = [_read(Path(path)) for path in paths]
        self.language = ChunkLanguage(max(one.keys.shape[1] for one in self._sources), most_parts)
        self._mirrors = mirrors
        self._rows: dict[str, list[tuple[int, int]]] = {}
        for number, source in enumerate(self._sources):
            for row, family in enumerate(source.families.tolist()):
                self._rows.setdefault(family, []).append((number, row))
        self.families = sorted(self._rows)
        shares = np.array([SHARES.get(family, 1.0) for family in self.families])
        self._shares = shares / shares.sum()

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def draw(self, rng: np.random.Generator, family: str | None = None) -> Pair:
        """One pair by chance, of a family or of any."""
        family = self.families[int(rng.choice(len(self.families), p=self._shares))] if family is None else family
        number, row = self._rows[family][int(rng.integers(len(self._rows[family])))]
        return self._pair(number, row, mirrored=self._mirrors and bool(rng.random() < 0.5))

    def _pair(self, number: int, row: int, *, mirrored: bool) -> Pair:
        source = self._sources[number]
        pressed = source.keys[row, : source.steps[row]]
        frame, text = source.frames[source.frame_of[row]], str(source.instructions[row])
        family, history = str(source.families[row]), history_in(str(source.histories[source.history_of[row]]))
        mirrored = mirrored and family not in _ONE_SIDED
        if mirrored:
            frame, text, history = frame[:, ::-1], mirrored_text(text), mirrored_history(history)
            pressed = pressed if _goes_to_one_side(family, pressed) else mirrored_keys(pressed)
        key = (number, int(source.frame_of[row]), mirrored)
        return Pair(np.ascontiguousarray(frame), text, self.language.chunk_of(pressed), key, history)


def history_in(text: str) -> History:
    """Earlier answers and what came of each, of a row of `histories` in a film."""
    return tuple((str(answer), str(outcome)) for answer, outcome in json.loads(text))


def mirrored_keys(pressed: np.ndarray) -> np.ndarray:
    """Keys (S, 8) with left for right."""
    return pressed[:, [_MIRRORED[key] for key in KEYS]]


def mirrored_text(text: str) -> str:
    """A text with left for right."""
    swap = {"left": "right", "right": "left"}
    return re.sub(r"\b(left|right)\b", lambda found: swap[found[0]], text)


def mirrored_history(history: History) -> History:
    """Answers and what came of them, with left for right."""
    swapped = str.maketrans({key: KEYS[other] for key, other in _MIRRORED.items()})
    return tuple(
        (_KEYS_IN_ANSWER.sub(lambda found: found[0].translate(swapped), answer), mirrored_text(outcome))
        for answer, outcome in history
    )


def _goes_to_one_side(family: str, pressed: np.ndarray) -> bool:
    """Who looks around does so to one side, in a mirror too."""
    return family in _LOOKING and not pressed[:, KEYS.index("W")].any()


def _read(path: Path) -> Source:
    return _read_film(path) if path.suffix == ".npz" else _read_recordings(path)


def _read_film(path: Path) -> Source:
    try:
        with np.load(path) as film:
            none = {"histories": np.array(["[]"]), "history_of": np.zeros(len(film["steps"]), np.int32)}
            return Source(**none | {name: film[name] for name in (*_FILM_ARRAYS, *(none.keys() & set(film.files)))})
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"data must be films or folders of recordings, got {str(path)!r}: {error}") from error


def _read_recordings(path: Path) -> Source:
    recordings = Recordings(path)
    spec, most = recordings.spec, round(10 * recordings.spec.fps / recordings.spec.frames_per_step)
    frames, families, texts, keys, steps = [], [], [], [], []
    for index in range(len(recordings)):
        clip = recordings.clip(index)
        family, text = POLICY_TEXTS.get(clip.policy, ("explore", "explore"))
        for step in range(0, len(clip.keys) - _LEAST_STEPS + 1, _EVERY_STEPS):
            after = clip.keys[step : step + most]
            frames.append(clip.frames[spec.first_frames - 1 + step * spec.frames_per_step].copy())
            keys.append(np.concatenate([after, np.zeros((most - len(after), 8), np.bool_)]))
            families.append(family)
            texts.append(text)
            steps.append(len(after))
    if not frames:
        raise ValueError(f"data must hold clips of at least {_LEAST_STEPS} steps, got none in {str(path)!r}")
    numbers = np.arange(len(frames), dtype=np.int32)
    arrays = np.stack(frames), numbers, np.array(families), np.array(texts), np.stack(keys), np.array(steps, np.int32)
    return Source(*arrays, np.array(["[]"]), np.zeros(len(frames), np.int32))
