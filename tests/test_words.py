"""Names in code are the field's terms: these words of our own are no part of any identifier or setting."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OWN_WORDS = (
    "attaching", "contest", "finisher", "footage", "half_hour", "lesson", "misfit", "painter", "seam", "spoil",
    "sureness", "whole_file", "wish",
)  # fmt: skip
FILES = [file for folder in ("wm_gym", "benchmarks", "examples") for file in sorted((ROOT / folder).rglob("*.py"))]


def names_in(source: str) -> set[str]:
    """Identifiers of a module, and strings that are names: settings, rows of tables, keys."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        found |= {getattr(node, field) for field in ("id", "attr", "arg", "name") if isinstance(node, ast.AST)
                  and isinstance(getattr(node, field, None), str)}  # fmt: skip
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.add(node.value)
    return found


def own_words_of(name: str) -> list[str]:
    """Of an identifier: half_hour, HalfHour and HALF_HOURS are one."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return [word for word in OWN_WORDS if re.search(rf"(?<![a-z]){word}(e?s)?(?![a-z])", plain)]


def test_no_identifier_or_setting_is_a_word_of_our_own():
    found = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in FILES
        for name in names_in(file.read_text(encoding="utf-8"))
        if own_words_of(name)
    }
    assert not found, "\n".join(sorted(found))


def test_no_module_is_called_by_a_word_of_our_own():
    assert not [str(file) for file in FILES if own_words_of(file.stem)]


@pytest.mark.parametrize("name", ["train_painter", "HalfHourConfig", "HALF_HOUR", "lessons", "wish", "is_seam"])
def test_such_a_word_is_found_within_a_name(name):
    assert own_words_of(name)


@pytest.mark.parametrize("name", ["inpainter", "lessened", "half_turn", "seamless", "contestant"])
def test_words_that_only_begin_alike_are_not(name):
    assert not own_words_of(name)
