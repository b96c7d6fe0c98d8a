"""What holds for every recipe: it is a row, it leaves its files, and an interrupted run ends in the same bytes."""

import json
import signal
import threading
from dataclasses import is_dataclass, replace
from importlib import import_module

import pytest
import torch
from tiny_recipes import ON_RECORDINGS, TINY_RECIPES, tiny_recipe, write_inpainter
from wall_clip import write_recordings

from wm_gym.cli import main
from wm_gym.train_world.interrupts import held_interrupts
from wm_gym.train_world.recipes import RECIPES
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.trainer import train


def loaded(path):
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


SLOW = {"plan_reader": pytest.mark.slow}
"""Recipes that take long to prepare."""


@pytest.mark.parametrize("row", RECIPES, ids=lambda row: row.name)
def test_a_row_names_a_dataclass_and_a_function(row):
    assert is_dataclass(loaded(row.config)) and callable(loaded(row.run))


def test_every_recipe_is_in_this_suite():
    settings_of_others = {"time_budget", "pretrain", "act", "experts", "shrink"}
    assert {row.name for row in RECIPES} - settings_of_others == set(TINY_RECIPES)


@pytest.mark.parametrize("name", TINY_RECIPES)
def test_a_run_leaves_weights_a_checkpoint_and_a_log(name, tmp_path):
    recipe = tiny_recipe(name, tmp_path, "run")
    progress = train(recipe)
    left = {path.name for path in (tmp_path / "run").iterdir()}
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert {recipe.file, "checkpoint.pt", "log.jsonl"} <= left
    assert progress.step == 4 and [row["step"] for row in rows] == [2, 4]


@pytest.mark.parametrize("name", [pytest.param(n, marks=SLOW.get(n, ())) for n in TINY_RECIPES])
def test_a_run_that_is_interrupted_amid_a_step_ends_in_the_same_bytes(name, tmp_path):
    whole = tiny_recipe(name, tmp_path, "whole")
    train(whole)
    parted = tiny_recipe(name, tmp_path, "parted")
    calls, before = [], signal.getsignal(signal.SIGINT)

    def interrupted(batch, generator):
        calls.append(batch)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return parted.loss(batch, generator)

    with pytest.raises(KeyboardInterrupt):
        train(replace(parted, loss=interrupted))
    assert len(calls) == 2 and signal.getsignal(signal.SIGINT) is before
    assert torch.load(tmp_path / "parted" / "checkpoint.pt", weights_only=True)["step"] == 2
    assert train(tiny_recipe(name, tmp_path, "parted")).step == 4
    files = [(tmp_path / folder / whole.file).read_bytes() for folder in ("whole", "parted")]
    assert files[0] == files[1]


@pytest.mark.parametrize("name", TINY_RECIPES)
def test_a_run_of_other_settings_is_not_resumed(name, tmp_path):
    train(tiny_recipe(name, tmp_path, "run", steps=1))
    with pytest.raises(ValueError, match=r"^a resumed run must keep its settings, got another 'length' than .* has$"):
        train(tiny_recipe(name, tmp_path, "run", steps=1, length=1))


@pytest.mark.parametrize("name", TINY_RECIPES)
def test_a_run_may_go_on_with_other_reports_and_data_workers(name, tmp_path):
    train(tiny_recipe(name, tmp_path, "run", steps=2, most_minutes=1e-9))
    assert train(tiny_recipe(name, tmp_path, "run", steps=2, report_steps=1, data_workers=2)).step == 2


def test_a_run_that_cannot_be_is_refused_before_its_data_is_prepared(tmp_path):
    config = replace(tiny_recipe("inpainter", tmp_path, "run").config, device="tpu9")
    with pytest.raises(ValueError, match=r"^train.device must be one that torch can use here, got 'tpu9'"):
        run_recipe(config, 1, lambda: pytest.fail("prepared"))
    assert not (tmp_path / "run").exists()


def test_a_person_is_told_where_the_weights_are(tmp_path):
    recipe = tiny_recipe("codec", tmp_path, "run", steps=1)
    told = run_recipe(recipe.config, torch.get_num_threads(), lambda: recipe)
    assert told == f"1 steps in 0.0 minutes; codec.safetensors and logs are in {tmp_path / 'run'}"


def test_outside_the_main_thread_ctrl_c_stays_with_the_main_thread():
    seen = []

    def hold():
        with held_interrupts() as stop_if_asked:
            stop_if_asked()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


@pytest.mark.parametrize("name", ON_RECORDINGS)
def test_recordings_of_different_specs_are_refused_before_they_are_prepared(name, tmp_path, capsys):
    folders = write_recordings(tmp_path / "one"), write_recordings(tmp_path / "other", far_metres=50.0)
    error = refused(capsys, name, tmp_path, f"recordings=[{folders[0]},{folders[1]}]", "held_out=")
    assert error == f"far_metres must be that of {folders[0]} in all folders, 100.0, got 50.0 in {folders[1]}"


@pytest.mark.parametrize("name", ON_RECORDINGS)
def test_recordings_without_a_clip_are_refused(name, tmp_path, capsys):
    folder = write_recordings(tmp_path / "empty", clips=0)
    error = refused(capsys, name, tmp_path, f"recordings=[{folder}]", "held_out=")
    assert error == f"{folder} must hold at least one finished clip, got none"


@pytest.mark.parametrize("name", ON_RECORDINGS)
def test_a_run_on_no_folder_is_refused(name, tmp_path, capsys):
    error = refused(capsys, name, tmp_path, "recordings=[]", "held_out=")
    assert error == "recordings must name at least one folder, got []"


@pytest.mark.parametrize("name", ["video", "inpainter"])
def test_a_model_of_another_size_than_the_recordings_is_refused_before_they_are_prepared(name, tmp_path, capsys):
    folder = write_recordings(tmp_path / "recordings")
    error = refused(capsys, name, tmp_path, f"recordings=[{folder}]", "held_out=")
    assert error == f"train.{name}.height must be that of the recordings, 16, got 48"


def refused(capsys, name, folder, *settings):
    """The sentence that a recipe is refused with; nothing is written."""
    initial = write_inpainter(folder / "initial.safetensors")
    words = [f"train.output={folder / 'run'}"]
    words += [f"train.initial={initial}"] if name == "inpainter_adversarial" else []
    assert main(["train", f"recipe={name}", *words, *settings]) == 2
    assert not (folder / "run").exists()
    return capsys.readouterr().err.removeprefix("wm-gym train: ").removesuffix("\n")
