import pytest

from wm_gym.cli import compose, main
from wm_gym.demo import DemoConfig


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
    assert "world must be one of" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_doctor_answers(capsys):
    assert main(["doctor"]) == 0
    assert "torch" in capsys.readouterr().out
