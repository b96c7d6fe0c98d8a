"""Settings of a command: the fields of its config, with their meaning from the docstring. No Hydra here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from keyword import iskeyword
from typing import Any, get_type_hints

_ATTRIBUTES = re.compile(r"^Attributes:\n(?P<lines>(?:[ ]+.*\n?|\n)*)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^    (?P<name>\w+): (?P<meaning>.*(?:\n     +.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Setting:
    """One setting, or a group of them.

    Attributes:
        name: Dotted, as it is written on the command line.
        type: Such as "int" or "list[str]"; empty for a group.
        default: What it is if it is not set; None for a group.
        meaning: From the docstring.
    """

    name: str
    type: str
    default: Any
    meaning: str


def settings_of(config: type[Any]) -> list[Setting]:
    """Settings of a config and of those inside it, in the order of their fields; a group comes before its settings."""
    return list(_settings(config(), ""))


def _settings(config: Any, prefix: str) -> Iterator[Setting]:
    types, meanings = get_type_hints(type(config)), meanings_of(type(config))
    for field in fields(config):
        # a field that would be a word of Python has a stroke behind it, its setting has none
        name, value = prefix + field.name.removesuffix("_"), getattr(config, field.name)
        meaning = meanings.get(field.name, "")
        if is_dataclass(value):
            yield Setting(name, "", None, meaning)
            yield from _settings(value, f"{name}.")
        else:
            yield Setting(name, _type_name(types[field.name]), value, meaning)


def meanings_of(config: type[Any]) -> dict[str, str]:
    """Meaning of each field, from the `Attributes:` sections of a dataclass and of its bases."""
    meanings: dict[str, str] = {}
    for base in reversed(config.__mro__):
        section = _ATTRIBUTES.search(inspect.cleandoc(base.__doc__ or ""))
        for attribute in _ATTRIBUTE.finditer(section["lines"] if section else ""):
            meanings[attribute["name"]] = " ".join(attribute["meaning"].split())
    return meanings


def field_name(setting: str) -> str:
    """Dotted name of the field of a setting: `from_` of `from`."""
    return ".".join(f"{part}_" if iskeyword(part) else part for part in setting.split("."))


def shown(value: Any) -> str:
    """A value as it is written on the command line."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case "":
            return "''"
        case list() | tuple():
            return f"[{', '.join(map(shown, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}: {shown(one)}' for key, one in value.items())}}}"
    return str(value)


def _type_name(annotation: Any) -> str:
    return annotation.__name__ if type(annotation) is type else str(annotation).replace("typing.", "")
