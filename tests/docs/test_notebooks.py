"""The notebooks under examples run from the first cell to the last, and are stored without outputs."""

import json
from pathlib import Path

import pytest

import wm_gym

EXAMPLES = Path(wm_gym.__file__).parent.parent / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def code_cells(notebook):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_the_cells_of_a_notebook_run(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for cell in code_cells(notebook):
        exec(compile("".join(cell["source"]), str(notebook), "exec"), names)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_stored_without_outputs(notebook):
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code_cells(notebook))


def test_the_first_steps_are_a_notebook():
    assert EXAMPLES / "first_steps.ipynb" in NOTEBOOKS
