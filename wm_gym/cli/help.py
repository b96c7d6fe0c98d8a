"""What `--help` prints."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from textwrap import fill

from wm_gym.cli.commands import COMMANDS, Command, config_class
from wm_gym.cli.settings import settings_of, shown

_COLUMNS = 100


def overview() -> str:
    """All commands with what they do."""
    widest = max(len(command.name) for command in COMMANDS)
    rows = "\n".join(f"  {command.name:{widest}}  {command.summary}" for command in COMMANDS)
    return (
        "usage: wm-gym COMMAND [setting=value ...]\n\n"
        f"commands:\n{rows}\n\n"
        "options:\n  -h, --help  these lines; after a command: its settings\n  --version   the version of wm-gym"
    )


def help_of(command: Command, parser: argparse.ArgumentParser) -> str:
    """What argparse says of a command, and its settings with type, default and meaning."""
    if not command.config:
        return parser.format_help().rstrip()
    return "\n".join([parser.format_help(), "settings, as name: type = default", *_settings(command)])


def _settings(command: Command) -> Iterator[str]:
    for setting in settings_of(config_class(command)):
        of_what = f": {setting.type} = {shown(setting.default)}" if setting.type else ".*"
        yield f"\n  {setting.name}{of_what}"
        if setting.meaning:
            yield fill(setting.meaning, _COLUMNS, initial_indent=" " * 6, subsequent_indent=" " * 6)
