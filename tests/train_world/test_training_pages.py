"""The commands and code of the pages on training are taken as they stand."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from wall_clip import wall_clip, write_recordings

from wm_gym.cli import main
from wm_gym.train_world.data.collect_config import CollectConfig

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("training.md", "codecs.md", "recordings.md")


def blocks(page, language):
    """Code blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def commands(page):
    """Words of every command of wm-gym on a page."""
    lines = "".join(blocks(page, "(?:bash)?")).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("wm-gym ")]


COMMANDS = [words for page in PAGES for words in commands(page)]


def test_every_page_has_commands():
    assert all(commands(page) for page in PAGES) and len(COMMANDS) >= 10


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_of_a_page_is_one_that_is_taken(words, capsys):
    assert main([*words, "--cfg", "job"]) == 0, capsys.readouterr().err


def test_the_code_of_the_page_on_recordings_reads_them(tmp_path, monkeypatch, capsys):
    write_recordings(tmp_path / "outputs" / "recordings" / "train")
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("recordings.md", "python")
    names = {}
    exec(code, names)
    assert np.array_equal(names["shard"]["frames"][0], wall_clip(0).frames)
    assert str(wall_clip(0).frames.shape) in capsys.readouterr().out


def test_the_page_on_recordings_names_every_array_and_field(tmp_path):
    write_recordings(tmp_path / "recordings")
    page = (DOCS / "recordings.md").read_text()
    names = set(np.load(tmp_path / "recordings" / "shard-00000.npz")) | set(CollectConfig().manifest()["spec"])
    assert all(f"`{name}`" in page for name in names), names


def test_the_code_of_the_page_on_training_trains_within_a_time(monkeypatch):
    asked = []
    monkeypatch.setattr("wm_gym.train_world.recipes.time_budget.time_budget", asked.append)
    (code,) = blocks("training.md", "python")
    exec(code, {})
    assert [config.minutes for config in asked] == [9.5]
