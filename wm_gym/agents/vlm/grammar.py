"""Grammars as automata over characters: what may come next in a text that is being written.

A grammar gives a first state, follows a state along a character, and says whether a text may end there. States are
values, so what is allowed in one can be kept. Knows nothing of tokens.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from wm_gym.agents.vlm.chunk import OPPOSITES, ChunkLanguage
from wm_gym.geometry.motion import KEYS

_OPENING, _BETWEEN = '{"keys":"', ',"steps":'


class Grammar(Protocol):
    """A set of finite texts.

    Attributes:
        alphabet: Every character of them.
        most_characters: Length of the longest.
    """

    @property
    def alphabet(self) -> frozenset[str]: ...  # noqa: D102

    @property
    def most_characters(self) -> int: ...  # noqa: D102

    def first(self) -> Hashable:
        """The state before the first character."""
        ...

    def follow(self, state: Any, character: str) -> Any | None:
        """The state after a character, or None where no text goes on with it."""
        ...

    def may_end(self, state: Any) -> bool:
        """Whether a text may end here."""
        ...


@dataclass(frozen=True)
class ChunkState:
    """Where one is in the text of a chunk.

    Attributes:
        pending: Characters that must come next, one by one.
        place: Once they have: within the "keys" or the "steps" of a part, after a "part", or at the "end".
        keys: Those of this part so far.
        steps: Number of this part so far; 0 before its first digit.
        steps_left: For this part and later ones.
        parts_left: This one included.
    """

    pending: str
    place: str
    keys: str
    steps: int
    steps_left: int
    parts_left: int


@dataclass(frozen=True)
class ChunkGrammar:
    """The texts that a `ChunkLanguage` writes.

    Attributes:
        language: Which chunks are legal.
    """

    language: ChunkLanguage

    @property
    def alphabet(self) -> frozenset[str]:
        """Every character of these texts."""
        return frozenset("[]},0123456789" + _OPENING + _BETWEEN + "".join(KEYS))

    @property
    def most_characters(self) -> int:
        """Length of the longest text."""
        longest_part = len(_OPENING + 'WAIJ"' + _BETWEEN + "},") + len(str(self.language.most_steps))
        return 2 + self.language.most_parts * longest_part

    def first(self) -> ChunkState:
        """Before the bracket."""
        return ChunkState("[" + _OPENING, "keys", "", 0, self.language.most_steps, self.language.most_parts)

    def follow(self, state: ChunkState, character: str) -> ChunkState | None:
        """The state after a character, or None where no legal chunk goes on with it."""
        if state.pending:
            return replace(state, pending=state.pending[1:]) if character == state.pending[0] else None
        if state.place == "keys":
            return self._after_key(state, character)
        if state.place == "steps":
            return self._after_digit(state, character)
        return self._after_part(state, character) if state.place == "part" else None

    def may_end(self, state: ChunkState) -> bool:
        """Whether the list is closed."""
        return state.place == "end"

    def _after_key(self, state: ChunkState, character: str) -> ChunkState | None:
        if character == '"':
            return replace(state, pending=_BETWEEN, place="steps", keys="")
        if character not in KEYS or (state.keys and not self.language.chords):
            return None
        follows = not state.keys or KEYS.index(character) > KEYS.index(state.keys[-1])
        is_legal = follows and OPPOSITES[character] not in state.keys
        return replace(state, keys=state.keys + character) if is_legal else None

    def _after_digit(self, state: ChunkState, character: str) -> ChunkState | None:
        if character == "}" and state.steps:
            left, parts = state.steps_left - state.steps, state.parts_left - 1
            return replace(state, place="part", steps=0, steps_left=left, parts_left=parts)
        if not character.isascii() or not character.isdigit():
            return None
        steps = 10 * state.steps + int(character)
        return replace(state, steps=steps) if 1 <= steps <= state.steps_left else None

    def _after_part(self, state: ChunkState, character: str) -> ChunkState | None:
        if character == "]":
            return replace(state, place="end", steps_left=0, parts_left=0)
        more = character == "," and state.steps_left > 0 and state.parts_left > 0
        return replace(state, pending=_OPENING, place="keys") if more else None


@dataclass(frozen=True)
class ChoiceGrammar:
    """One of a few texts.

    Attributes:
        choices: Those texts.
    """

    choices: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.choices or "" in self.choices:
            raise ValueError(f"choices must be texts, at least one, got {self.choices}")

    @property
    def alphabet(self) -> frozenset[str]:
        """Every character of these texts."""
        return frozenset("".join(self.choices))

    @property
    def most_characters(self) -> int:
        """Length of the longest text."""
        return max(map(len, self.choices))

    def first(self) -> str:
        """Nothing written."""
        return ""

    def follow(self, state: str, character: str) -> str | None:
        """What is written then, or None where no choice goes on like that."""
        written = state + character
        return written if any(choice.startswith(written) for choice in self.choices) else None

    def may_end(self, state: str) -> bool:
        """Whether it is one of the choices."""
        return state in self.choices
