"""Parses the words of a command line and runs a command or prints help."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

import wm_gym
from wm_gym.choices import did_you_mean
from wm_gym.cli.combinations import combinations_of
from wm_gym.cli.commands import COMMANDS, Command, config_class
from wm_gym.cli.composing import as_yaml, compose
from wm_gym.cli.help import help_of, overview, recipes_overview

_HELP = ("-h", "--help")
_MULTIRUN = ("-m", "--multirun")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are told like all others."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def run(words: list[str]) -> int:
    """Run what the words say; returns the exit status.

    Raises:
        ValueError: If they say nothing that can be run.
    """
    first, rest = (words[0], words[1:]) if words else ("", [])
    if first in _HELP:
        print(overview())
        return 0
    if first == "--version":
        print(f"wm-gym {wm_gym.__version__}")
        return 0
    if first.startswith("-"):
        raise ValueError(_no_option(first, [*_HELP, "--version"]))
    return _run(_named(first), rest)


def _named(name: str) -> Command:
    for command in COMMANDS:
        if command.name == name:
            return command
    names = [command.name for command in COMMANDS]
    came = f"{name!r}{did_you_mean(name, names)}" if name else "none"
    raise ValueError(f"a command must be one of {', '.join(names)}, got {came}")


def _no_option(word: str, flags: list[str]) -> str:
    flag = word.partition("=")[0]
    return f"options must be among {', '.join(flags)}, got {flag}{did_you_mean(flag, flags)}"


def _run(command: Command, words: list[str]) -> int:
    wants_help = any(word in _HELP for word in words)
    if command.sweeps and not wants_help and any(word in _MULTIRUN for word in words):
        return _run_each(command, [word for word in words if word not in _MULTIRUN])
    if command.recipes:
        chosen, rest = _chosen(command, words)
        if chosen is not None:
            return _run(chosen, rest)
        if not wants_help:
            return command.run(_parsed(_parser(command), words).settings)
        print(recipes_overview(command))
        return 0
    parser = _parser(command)
    if wants_help:
        print(help_of(command, parser))
        return 0
    asked = _parsed(parser, words)
    if command.arguments is not None:
        return command.run(asked)
    if not command.config:
        if asked.settings:
            raise ValueError(f"no settings can be given, got {asked.settings[0]!r}")
        return command.run(None)
    config = _composed(command, asked)
    if asked.cfg:
        print(as_yaml(config), end="")
        return 0
    return command.run(config)


def _run_each(command: Command, words: list[str]) -> int:
    """Run a command once for each combination of values, one after another; the highest of their exit statuses."""
    runs = []
    for one in combinations_of(words):
        chosen, rest = _chosen(command, one.words) if command.recipes else (command, one.words)
        if chosen is None:
            return command.run(rest)
        runs.append((chosen, one.below(config_class(chosen), rest)))
    for chosen, rest in runs:  # what cannot be done is refused before the first run
        _composed(chosen, _parsed(_parser(chosen), rest))
    return max(_run(chosen, rest) for chosen, rest in runs)


def _composed(command: Command, asked: argparse.Namespace) -> Any:
    hint = f"; {_MULTIRUN[-1]} runs each" if command.sweeps else ""
    return compose(config_class(command), asked.settings, hint)


def _chosen(command: Command, words: list[str]) -> tuple[Command | None, list[str]]:
    """The recipe that one of the words names, if one does, and the other words, its settings."""
    word = f"{command.chosen_by}="
    named = [one for one in words if one.startswith(word)]
    if len(named) > 1:
        raise ValueError(f"{command.chosen_by} must be given once, got {' '.join(named)}")
    if not named:
        return None, words
    name, recipes = named[0].removeprefix(word), {row.name.partition("=")[2]: row for row in command.recipes}
    if name not in recipes:
        came = f"{name!r}{did_you_mean(name, recipes)}"
        raise ValueError(f"{command.chosen_by} must be one of {', '.join(recipes)}, got {came}")
    return recipes[name], [one for one in words if one != named[0]]


def _parser(command: Command) -> argparse.ArgumentParser:
    parser = _Parser(prog=f"wm-gym {command.name}", description=command.summary, allow_abbrev=False)
    if command.arguments is not None:
        command.arguments(parser)
        return parser
    parser.add_argument("settings", nargs="*", metavar="setting=value", help="what is to be other than its default")
    if command.config or command.recipes:
        parser.add_argument("--cfg", choices=["job"], help="print the settings as YAML and run nothing")
    if command.sweeps:
        parser.add_argument(
            *_MULTIRUN, action="store_true", help="run each combination of the values a,b,c of settings, each in a "
            "folder of its own below output"
        )  # fmt: skip
    return parser


def _parsed(parser: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace:
    asked, unknown = parser.parse_known_intermixed_args(words)
    if unknown:
        flags = [flag for action in parser._actions for flag in action.option_strings]
        raise ValueError(_no_option(unknown[0], flags))
    return asked
