import pytest

from wm_gym.backends.video.config import VideoConfig
from wm_gym.cli import compose, main
from wm_gym.demo import DemoConfig
from wm_gym.train_world.run import RunConfig


def test_settings_become_a_config():
    config = compose(DemoConfig, ["world=park", "steps_out=7"])
    assert config == DemoConfig(world="park", steps_out=7)


@pytest.mark.parametrize("setting", ["speed=9", "height=tall"])
def test_settings_that_do_not_fit_are_refused_in_one_line(setting, capsys):
    assert main(["demo", setting]) == 2
    error = capsys.readouterr().err
    assert error.startswith("wm-gym demo: settings must fit DemoConfig, got: ") and error.count("\n") == 1


def test_an_unknown_world_is_refused_before_anything_is_written(tmp_path, capsys):
    assert main(["demo", "world=moon", f"output={tmp_path / 'demo'}"]) == 2
    assert "world must be a family of" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_doctor_answers(capsys):
    assert main(["doctor"]) == 0
    assert "torch" in capsys.readouterr().out


def test_every_setting_of_training_can_be_named():
    config = compose(RunConfig, ["train.video.num_layers=4", "train.spoil.torn=0.1", "train.objective.forced=0.5"])
    assert config.train.video == VideoConfig(num_layers=4)
    assert (config.train.spoil.torn, config.train.objective.forced) == (0.1, 0.5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["train.video.hints_enter=window"], "hints_enter must be 'channel' or 'frame', got 'window'"),
        (["recordings=[nowhere]"], "nowhere must hold recordings with a manifest.json, got none that can be read"),
    ],
)
def test_training_refuses_in_one_line(settings, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", *settings]) == 2
    assert capsys.readouterr().err == f"wm-gym train: {message}\n"
    assert list(tmp_path.iterdir()) == []
