"""Instructions in words, in families of one meaning, and the expert that follows each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.agents.vlm.experts import FIRE_METRES, Expert, ahead, always, explore, go_to, half_turn, quarter_turn


@dataclass(frozen=True)
class Family:
    """Instructions of one meaning.

    Attributes:
        texts: Ways to say it.
        expert: Who does it.
    """

    texts: tuple[str, ...]
    expert: Expert


FAMILIES: dict[str, Family] = {
    "explore": Family(
        ("explore", "look around the place", "walk around", "Explore: see as much of the floor as you can."), explore
    ),
    "turn_left": Family(("turn left", "turn to the left"), quarter_turn("J")),
    "turn_right": Family(("turn right", "turn to the right"), quarter_turn("L")),
    "turn_around": Family(("turn around", "turn back"), half_turn),
    "forward": Family(("walk forward", "walk straight on", "go ahead"), ahead),
    "backwards": Family(("walk backwards", "walk backward", "step back"), always(("S", 6))),
    "step_left": Family(("step left", "step to the left"), always(("A", 4))),
    "step_right": Family(("step right", "step to the right"), always(("D", 4))),
    "look_up": Family(("look up",), always(("I", 2))),
    "look_down": Family(("look down",), always(("K", 2))),
    "stand": Family(("stand still", "wait", "stop"), always(("", 8))),
}
"""What can be asked anywhere, by name."""

SHARES: dict[str, float] = {
    "explore": 3.0, "turn_left": 1.0, "turn_right": 1.0, "turn_around": 0.7, "forward": 1.5, "backwards": 1.0,
    "step_left": 0.7, "step_right": 0.7, "look_up": 0.5, "look_down": 0.5, "stand": 0.5, "goal": 2.5,
    "fire": 3.0, "fire out of view": 1.0, "object": 6.0, "object out of view": 2.0,
}  # fmt: skip
"""Share of each family in the data. "goal" is told in metres and degrees; an "object" by its colour and shape."""


def family_of_thing(thing: str) -> Family:
    """To walk to a thing, such as "fire" or "red ball"."""
    names = ("fire", "bonfire", "fire") if thing == "fire" else (thing,) * 3
    verbs = ("go to", "walk to", "go to" if thing == "fire" else "find")
    expert = go_to(thing, FIRE_METRES) if thing == "fire" else go_to(thing)
    return Family(tuple(f"{verb} the {name}" for verb, name in zip(verbs, names, strict=True)), expert)


def draw_text(family: Family, rng: np.random.Generator) -> str:
    """One way to say it."""
    return family.texts[int(rng.integers(len(family.texts)))]
