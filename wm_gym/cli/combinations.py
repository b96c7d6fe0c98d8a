"""Sweeps: settings with several values, `seed=0,1,2`, become one run for each combination, as Hydra's multirun does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

from wm_gym.cli.composing import parsed
from wm_gym.cli.settings import settings_of


@dataclass(frozen=True)
class Combination:
    """One run of a sweep.

    Attributes:
        name: What sets it apart, such as "seed=0,agent.gamma=0.9".
        words: Of its command line.
    """

    name: str
    words: list[str]

    def below(self, config: type[Any], words: list[str]) -> list[str]:
        """Words with the setting that says where a run writes, a folder of this name below what they ask for."""
        output = next(one for one in settings_of(config) if f".{one.name}".endswith(".output"))
        asked = [word.partition("=")[2] for word in words if word.partition("=")[0] == output.name]
        others = [word for word in words if word.partition("=")[0] != output.name]
        folder = f"{asked[-1] if asked else output.default}/{self.name.replace('/', '-')}"
        return [*others, f"{output.name}='{folder}'"]


def combinations_of(words: list[str]) -> list[Combination]:
    """The runs of a sweep.

    Args:
        words: Settings, some of them with several values, and options.

    Raises:
        ValueError: If no setting has several values, or one is not written as Hydra reads it.
    """
    choices = [[word] if word.startswith("-") or "=" not in word else _values(word) for word in words]
    if all(len(one) == 1 for one in choices):
        came = " ".join(words)
        raise ValueError(f"--multirun must come with a setting of several values, such as seed=0,1,2, got {came}")
    return [_combination(list(chosen), choices) for chosen in product(*choices)]


def _values(word: str) -> list[str]:
    override = parsed(word)
    if not override.is_sweep_override():
        return [word]
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def _combination(chosen: list[str], choices: list[list[str]]) -> Combination:
    swept = [word for word, values in zip(chosen, choices, strict=True) if len(values) > 1]
    return Combination(",".join(swept), chosen)
