"""Modules, files, commands and versions that the pages name are there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import wm_gym
from wm_gym.cli.commands import COMMANDS
from wm_gym.envs.replay import format as replay_format
from wm_gym.scenes import captures
from wm_gym.world import serialization

PACKAGE = Path(wm_gym.__file__).parent
ROOT = PACKAGE.parent
HISTORY = {"lab.md"}
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name not in HISTORY),
    *sorted(PACKAGE.rglob("README.md")),
]
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
FORMATS = re.compile(r"\"(wm_gym\.\w+)\"")


def formats():
    """Names of file formats, which look like modules."""
    return {name for file in PACKAGE.rglob("*.py") for name in FORMATS.findall(file.read_text(encoding="utf-8"))}


def is_there(dotted):
    """Whether a dotted name is a module of the package, or what one holds."""
    parts = dotted.split(".")
    for known in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:known]))
        except ModuleNotFoundError:
            continue
        for name in parts[known:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def text(request):
    return request.param.read_text(encoding="utf-8")


def test_every_module_and_name_in_it_is_there(text):
    named = set(re.findall(r"\bwm_gym(?:\.[A-Za-z_]\w*)+", text)) - formats()
    assert {name for name in named if not is_there(name)} == set()


def test_every_file_of_the_repository_is_there(text):
    named = re.findall(r"(?:wm_gym|tests|benchmarks|examples|docs)/[\w/]+\.(?:py|md|ipynb)", text)
    assert {name for name in named if not (ROOT / name).is_file()} == set()


def test_every_command_is_there(text):
    code = "\n".join(CODE.findall(text))
    named = set(re.findall(r"\bwm-gym ([a-z][a-z-]+)(?=[\s`])", code))
    assert named - {command.name for command in COMMANDS} == set()


def test_the_versions_of_files_are_those_that_are_written():
    replays = (ROOT / "docs" / "replays.md").read_text(encoding="utf-8")
    scenes = (ROOT / "docs" / "captures.md").read_text(encoding="utf-8")
    assert f'(`"{replay_format.KIND.format}"`), `version` ({replay_format.KIND.version})' in replays
    assert f'(`"{serialization.KIND.format}"`, version {serialization.KIND.version})' in replays
    assert f"| `version` | () integer | {captures.VERSION} |" in scenes
