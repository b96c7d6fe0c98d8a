import subprocess
import sys
from importlib import import_module

import pytest

import wm_gym


@pytest.mark.parametrize("name", wm_gym.__all__)
def test_every_name_that_is_offered_is_there(name):
    value = getattr(wm_gym, name)
    assert name in dir(wm_gym)
    home = getattr(value, "__module__", None)
    if home is not None:
        assert getattr(import_module(home), name) is value


def test_a_name_that_is_not_offered_is_refused():
    with pytest.raises(AttributeError, match="module 'wm_gym' has no attribute 'Wrold'"):
        wm_gym.Wrold  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    heavy = ("torch", "vizdoom", "open3d", "numba", "scipy", "av", "PIL", "hydra", "tqdm")
    code = f"import sys, wm_gym; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert told.stdout == "[]\n"
