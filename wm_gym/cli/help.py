"""Texts of `--help`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from textwrap import fill

from wm_gym.cli.commands import COMMANDS, Command, config_class
from wm_gym.cli.settings import settings_of, shown

_COLUMNS = 100


def overview() -> str:
    """All commands with what they do."""
    return (
        "usage: wm-gym COMMAND [setting=value ...]\n\n"
        f"commands:\n{_table({command.name: command.summary for command in COMMANDS})}\n\n"
        "options:\n  -h, --help  these lines; after a command: its settings\n  --version   the version of wm-gym"
    )


def recipes_overview(command: Command) -> str:
    """All recipes of a command, or whatever else it chooses among, with what they do."""
    word = command.chosen_by
    summaries = {recipe.name.partition("=")[2]: recipe.summary for recipe in command.recipes}
    return (
        f"usage: wm-gym {command.name} {word}=NAME [setting=value ...]\n\n"
        f"{word}s:\n{_table(summaries)}\n\n"
        f"options:\n  -h, --help  these lines; with {word}=NAME: its settings"
    )


def _table(summaries: Mapping[str, str]) -> str:
    """A line for each name, with its summary."""
    widest = max(map(len, summaries))
    return "\n".join(f"  {name:{widest}}  {summary}" for name, summary in summaries.items())


def help_of(command: Command, parser: argparse.ArgumentParser) -> str:
    """Usage of a command by argparse, and its settings with type, default and meaning."""
    if not command.config:
        return parser.format_help().rstrip()
    return "\n".join([parser.format_help(), "settings, as name: type = default", *_settings(command)])


def _settings(command: Command) -> Iterator[str]:
    for setting in settings_of(config_class(command)):
        of_what = f": {setting.type} = {shown(setting.default)}" if setting.type else ".*"
        yield f"\n  {setting.name}{of_what}"
        if setting.meaning:
            yield fill(setting.meaning, _COLUMNS, initial_indent=" " * 6, subsequent_indent=" " * 6)
