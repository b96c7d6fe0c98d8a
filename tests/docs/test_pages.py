"""The Python on every page runs, from the first block to the last, in an empty folder.

A block whose fence carries a title, ```python title="name.py", is a file of that name; the others run in one namespace.
"""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import wm_gym

ROOT = Path(wm_gym.__file__).parent.parent
BLOCK = re.compile(r'^```python(?: title="([\w.]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
ELSEWHERE = {
    "observations.md": "tests/envs/test_observations_page.py runs it",
    "serving.md": "tests/serving/test_serving_remote.py runs it",
    "recordings.md": "it reads hours of recordings",
    "training.md": "it trains for minutes",
}
"""Pages whose code is not run here, and why."""

NEEDS = {
    "first_steps.md": ("stable_baselines3", "pettingzoo"),
    "several_bodies.md": ("pettingzoo",),
    "train_agents.md": ("stable_baselines3",),
    "vlm_agents.md": ("transformers",),
}
"""Pages whose code needs packages of extras."""

PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if page.name not in ELSEWHERE and BLOCK.search(page.read_text(encoding="utf-8"))
]


@pytest.fixture
def run_page(tmp_path, monkeypatch):
    """Runs a page in an empty folder; what its blocks leave behind. Files that it writes can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def run(page):
        names = {"__name__": "page"}
        for file, code in BLOCK.findall(page.read_text(encoding="utf-8")):
            if file:
                Path(file).write_text(code, encoding="utf-8")
                importlib.invalidate_caches()
            else:
                exec(compile(code, str(page), "exec"), names)
        return names

    yield run
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page, run_page):
    for package in NEEDS.get(page.name, ()):
        pytest.importorskip(package)
    run_page(page)


def test_the_pages_that_are_left_out_exist():
    assert all((ROOT / "docs" / name).is_file() for name in ELSEWHERE)


def test_the_room_of_the_scene_page_opens_as_it_was_drawn(run_page):
    page = run_page(ROOT / "docs" / "add_a_scene.md")
    np.testing.assert_allclose(page["ahead"], 7.0, atol=0.05)
    assert page["stopped_at"] < 7.0
    assert page["observation"]["rgb"].shape == (48, 64, 3)
