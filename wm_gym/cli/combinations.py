"""Sweeps: settings with several values, `seed=0,1,2`, become one run for each combination, as Hydra's multirun does."""

from __future__ import annotations

from itertools import product

from wm_gym.cli.composing import parsed

OUTPUT = "output"
_DEFAULT_OUTPUT = "outputs/multirun"


def combinations_of(words: list[str]) -> list[list[str]]:
    """The words of each run; each has a folder of its own, named by its values, below the one that is asked for.

    Args:
        words: Settings, some of them with several values, and options.

    Raises:
        ValueError: If no setting has several values, or one is not written as Hydra reads it.
    """
    choices = [[word] if word.startswith("-") or "=" not in word else _values(word) for word in words]
    if all(len(one) == 1 for one in choices):
        raise ValueError(
            f"--multirun must come with a setting of several values, such as seed=0,1,2, got {' '.join(words)}"
        )
    return [_with_folder(list(chosen), choices) for chosen in product(*choices)]


def _values(word: str) -> list[str]:
    override = parsed(word)
    if not override.is_sweep_override():
        return [word]
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def _with_folder(chosen: list[str], choices: list[list[str]]) -> list[str]:
    named = [word.removeprefix(f"{OUTPUT}=") for word in chosen if word.startswith(f"{OUTPUT}=")]
    swept = [word for word, values in zip(chosen, choices, strict=True) if len(values) > 1]
    folder = ",".join(swept).replace("/", "-")
    others = [word for word in chosen if not word.startswith(f"{OUTPUT}=")]
    return [*others, f"{OUTPUT}='{named[-1] if named else _DEFAULT_OUTPUT}/{folder}'"]
