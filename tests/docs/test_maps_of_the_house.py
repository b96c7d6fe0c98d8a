"""What README, CONTRIBUTING and the site say of rooms, floors and commands is how the package stands."""

import ast
import re
from pathlib import Path

from layers import FLOORS

import wm_gym
from wm_gym.cli.commands import COMMANDS

PACKAGE = Path(wm_gym.__file__).parent
ROOT = PACKAGE.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def rooms():
    return {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def test_the_tree_in_the_readme_has_a_line_for_each_folder():
    told = set(re.findall(r"^  (\w+)/ ", README, re.MULTILINE))
    assert told == rooms()


def test_the_readme_names_every_command():
    line = re.search(r"^  cli/ +wm-gym (.*)$", README, re.MULTILINE)[1]
    assert set(line.split(", ")) == {command.name for command in COMMANDS}


def test_the_readme_is_short():
    assert len(README.splitlines()) < 120


def test_the_floors_in_contributing_are_those_that_are_enforced():
    told = {}
    for floor, names in re.findall(r"^\| ([\d.]+) \| (`[^|]*) \|", CONTRIBUTING, re.MULTILINE):
        told |= {re.sub(r"\.py$|/$", "", name): float(floor) for name in re.findall(r"`([\w./]+)`", names)}
    assert told == FLOORS


def test_the_site_has_a_reference_of_every_room():
    module = ast.parse((ROOT / "docs" / "site_pages.py").read_text(encoding="utf-8"))
    value = next(node.value for node in module.body if isinstance(node, ast.Assign) and node.targets[0].id == "ROOMS")
    assert set(ast.literal_eval(value)) == rooms() - {"cli"} | {"world_model"}


def test_the_citation_is_of_this_version():
    assert f"\nversion: {wm_gym.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
