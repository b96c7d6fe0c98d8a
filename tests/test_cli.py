import dataclasses
import errno
import os
import subprocess
import sys

import pytest

import wm_gym
from wm_gym.agents.registry import AGENTS
from wm_gym.backends.video.config import VideoConfig
from wm_gym.cli import compose, main
from wm_gym.cli.commands import COMMANDS, config_class
from wm_gym.cli.settings import settings_of, shown
from wm_gym.demo import DemoConfig
from wm_gym.rollout import RolloutConfig
from wm_gym.train_world.recipes.video import VideoRunConfig

CHOOSING = [command for command in COMMANDS if command.recipes]
ROWS = [row for command in CHOOSING for row in command.recipes]
WITH_SETTINGS = [command for command in [*COMMANDS, *ROWS] if command.config]


def name_of(command):
    return command.name


def rows_of(name):
    """What a command that chooses among rows says that there are."""
    command = next(command for command in CHOOSING if command.name == name)
    return f"{command.chosen_by} must be one of " + ", ".join(row.name.partition("=")[2] for row in command.recipes)


def refused(capsys, *argv):
    """The one sentence that a command line is refused with."""
    assert main(list(argv)) == 2
    out, error = capsys.readouterr()
    assert not out and error.count("\n") == 1
    return error.removesuffix("\n")


def test_settings_become_a_config():
    config = compose(DemoConfig, ["world=park", "steps_out=7"])
    assert config == DemoConfig(world="park", steps_out=7)


def test_settings_that_only_fit_together_are_taken_together():
    assert compose(RolloutConfig, ["num_envs=3", "episodes=4"]).num_envs == 3


def test_every_setting_of_training_can_be_named():
    config = compose(
        VideoRunConfig, ["train.video.num_layers=4", "train.augmentation.cutout=0.1", "train.objective.forced=0.5"]
    )
    assert config.train.video == VideoConfig(num_layers=4)
    assert (config.train.augmentation.cutout, config.train.objective.forced) == (0.1, 0.5)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("dmeo", "wm-gym dmeo: a command must be one of COMMANDS, got 'dmeo'; did you mean 'demo'?"),
        ("", "wm-gym: a command must be one of COMMANDS, got none"),
        ("--verison", "wm-gym: options must be among -h, --help, --version, got --verison; did you mean '--version'?"),
        ("demo wrold=park", "wm-gym demo: settings must be among LISTED, got 'wrold'; did you mean 'world'?"),
        ("demo speed=9", "wm-gym demo: settings must be among LISTED, got 'speed'; did you mean 'seed'?"),
        (
            "train recipe=video train.stps=3",
            "wm-gym train: settings must be among LISTED, got 'train.stps'; did you mean 'train.steps'?",
        ),
        (
            "train recipe=video num_layers=3",
            "wm-gym train: settings must be among LISTED, got 'num_layers'; did you mean 'train.video.num_layers'?",
        ),
        ("demo height=tall", "wm-gym demo: height must be of type int, got 'tall'"),
        ("demo height=null", "wm-gym demo: height must be of type int, got 'null'"),
        ("demo compare=maybe", "wm-gym demo: compare must be of type bool, got 'maybe'"),
        ("collect families=city", "wm-gym collect: families must be of type list[str], got 'city'"),
        (
            "collect difficulties={simpel:1}",
            "wm-gym collect: difficulties must be of type dict[str, float] with keys among "
            "['simple', 'medium', 'full'], got '{simpel:1}'; did you mean 'simple'?",
        ),
        (
            "train recipe=video train=long",
            "wm-gym train: train must be set by its settings, such as train.output=..., got 'long'",
        ),
        ("train", "wm-gym train: RECIPE, got none"),
        ("train recordings=[a]", "wm-gym train: RECIPE, got none"),
        ("train recipe=", "wm-gym train: RECIPE, got ''"),
        ("train recipe=vidoe", "wm-gym train: RECIPE, got 'vidoe'; did you mean 'video'?"),
        ("train recipe=sharpen train.steps=1", "wm-gym train: RECIPE, got 'sharpen'"),
        ("train reicpe=video", "wm-gym train: RECIPE, got none; did you mean 'recipe'?"),
        ("train recipe=video recipe=codec", "wm-gym train: recipe must be given once, got recipe=video recipe=codec"),
        ("train-agent", "wm-gym train-agent: AGENT, got none"),
        ("train-agent agetn=ppo", "wm-gym train-agent: AGENT, got none; did you mean 'agent'?"),
        ("train-agent agent=pppo", "wm-gym train-agent: AGENT, got 'pppo'; did you mean 'ppo'?"),
        (
            "train-agent agent=ppo agent.gama=0.9",
            "wm-gym train-agent: settings must be among LISTED, got 'agent.gama'; did you mean 'agent.gamma'?",
        ),
        (
            "train-agent agent=sac agent.action_mode=keys",
            "wm-gym train-agent: action_mode of learner 'sac' must be one of ['twist'], got 'keys'",
        ),
        (
            "train-agent agent=ppo seed=0,1",
            "wm-gym train-agent: seed must have one value, in quotes if there are commas in it or in [brackets] if it "
            "is a list, got '0,1'; --multirun runs each",
        ),
        (
            "train-agent --multirun agent=ppo seed=0",
            "wm-gym train-agent: --multirun must come with a setting of several values, such as seed=0,1,2, got "
            "agent=ppo seed=0",
        ),
        ("train recipe=codec +train.steps=1", "wm-gym train: SET, got '+train.steps=1'"),
        ("train --cgf job", "wm-gym train: options must be among -h, --help, --cfg, got --cgf; did you mean '--cfg'?"),
        (
            "demo world=park,city",
            "wm-gym demo: world must have one value, in quotes if there are commas in it or in [brackets] if it is a "
            "list, got 'park,city'",
        ),
        ("demo world", "wm-gym demo: settings must be written setting=value, got 'world'"),
        ("demo ~world", "wm-gym demo: settings must be written setting=value, got '~world'"),
        ("demo +world=park", "wm-gym demo: SET, got '+world=park'"),
        ("demo ++speed=9", "wm-gym demo: SET, got '++speed=9'"),
        ("demo ~world=park", "wm-gym demo: SET, got '~world=park'"),
        ("demo world@there=park", "wm-gym demo: SET, got 'world@there=park'"),
        ("demo hydra.run.dir=there", "wm-gym demo: settings must be among LISTED, got 'hydra.run.dir'"),
        ("demo --multirun seed=1,2", "wm-gym demo: options must be among -h, --help, --cfg, got --multirun"),
        ("demo seed=1 -m", "wm-gym demo: options must be among -h, --help, --cfg, got -m"),
        ("demo --config-name=x", "wm-gym demo: options must be among -h, --help, --cfg, got --config-name"),
        ("demo --config-dir x", "wm-gym demo: options must be among -h, --help, --cfg, got --config-dir"),
        ("doctor seed=1", "wm-gym doctor: no settings can be given, got 'seed=1'"),
        (
            "replay a.replay --verfy",
            "wm-gym replay: options must be among -h, --help, --link, --verify, --from, --film, got --verfy; "
            "did you mean '--verify'?",
        ),
        (
            "replay a.replay --from 3",
            "wm-gym replay: --from must come with --verify or --film, got --from 3 alone",
        ),
        (
            "rollout output=/dev/null",
            "wm-gym rollout: output must be a folder that can be made and written to, got '/dev/null': it is a file",
        ),
        (
            "rollout agent=randm",
            f"wm-gym rollout: agent must be one of {sorted(AGENTS)} or 'package.module:Class', got 'randm'; "
            "did you mean 'random'?",
        ),
        (
            "train recipe=video train.video.hint_concat=chanel",
            "wm-gym train: hint_concat must be 'channel' or 'frame', got 'chanel'; did you mean 'channel'?",
        ),
        (
            "train recipe=video train.video.hint_concat=window",
            "wm-gym train: hint_concat must be 'channel' or 'frame', got 'window'",
        ),
        (
            "demo backend=vidoe",
            "wm-gym demo: backend must be one of ['detailed', 'memory_only', 'sglang', 'twin', 'video', 'vllm_omni'] "
            "or 'package.module:Class', got 'vidoe'; did you mean 'video'?",
        ),
        (
            "demo difficulty=ful",
            "wm-gym demo: difficulty must be one of ['simple', 'medium', 'full'], got 'ful'; did you mean 'full'?",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = (
        message.replace("COMMANDS", ", ".join(map(name_of, COMMANDS)))
        .replace("LISTED", "those that --help lists")
        .replace("RECIPE", rows_of("train"))
        .replace("AGENT", rows_of("train-agent"))
        .replace("SET", "settings can be set, not added, removed or moved: must be setting=value")
    )
    assert refused(capsys, *argv.split()) == expected
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("world", "meant"),
    [("ciyt", "; did you mean 'city'?"), ("ciyt/19", "; did you mean 'city/19'?"), ("moon", ""), ("city/x", "")],
)
def test_a_world_that_is_none_is_refused_before_anything_is_written(world, meant, tmp_path, capsys):
    error = refused(capsys, "demo", f"world={world}", f"output={tmp_path / 'demo'}")
    assert "world must be a family of" in error and f"got {world!r}{meant}; shipped are" in error
    assert not (tmp_path / "demo").exists()


def test_recordings_that_are_not_there_are_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = "nowhere must hold recordings with a manifest.json, got none that can be read"
    assert refused(capsys, "train", "recipe=video", "recordings=[nowhere]") == f"wm-gym train: {message}"
    assert list(tmp_path.iterdir()) == []


# The setting of each command that says where it writes.
WRITING = {
    "demo": "output",
    "rollout": "output",
    "capture": "output",
    "check-capture": "output",
    "export": "output",
    "collect": "output",
    "export-recordings": "output",
    "import-recordings": "output",
    "curate": "output",
    "film-pairs": "output",
    "film-things": "output",
    "film-places": "output",
    "film-walks": "output",
    "eval-events": "output",
    "eval-generation": "output",
    "eval-trust": "output",
    "eval-reward": "output",
    "gather-scene-bank": "output",
    "train recipe=video": "train.output",
    "train recipe=codec": "train.output",
    "train recipe=inpainter": "train.output",
    "train recipe=inpainter_adversarial": "train.output",
    "train recipe=appearance": "train.output",
    "train recipe=things": "train.output",
    "train recipe=event_reader": "train.output",
    "train recipe=layout": "train.output",
    "train recipe=tiles": "train.output",
    "train recipe=plan_reader": "train.output",
    "train recipe=depth": "train.output",
    "train recipe=pretrain": "train.output",
    "train recipe=teacher": "train.output",
    "train recipe=act": "train.output",
    "train recipe=experts": "train.output",
    "train recipe=causal": "train.output",
    "train recipe=distil": "train.output",
    "train recipe=shrink": "train.output",
    "train recipe=time_budget": "output",
    "train-agent agent=ppo": "output",
    "train-agent agent=recurrent_ppo": "output",
    "train-agent agent=dqn": "output",
    "train-agent agent=qr_dqn": "output",
    "train-agent agent=sac": "output",
    "train-agent agent=vlm": "train.output",
    "train-agent agent=reward": "output",
}
SERVING = {"play", "serve"}
FILES = {"capture": ".npz", "check-capture": ".png", "export": ".ply", "film-walks": ".npz", "eval-reward": ".json"}


def test_every_command_with_settings_writes_or_serves():
    assert set(WRITING) | SERVING == set(map(name_of, WITH_SETTINGS))


@pytest.mark.parametrize("command", WRITING)
@pytest.mark.parametrize("place", ["/proc/nowhere/{}", "{tmp}/file/{}", "{tmp}/" + 300 * "n" + "/{}"])
def test_where_nothing_can_be_written_is_refused_before_any_work(command, place, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    path = place.replace("{tmp}", str(tmp_path)).format(f"x{FILES.get(command, '')}")
    kind = "a file that can be written" if command in FILES else "a folder that can be made and written to"
    error = refused(capsys, *command.split(), f"{WRITING[command]}={path}")
    assert error.startswith(f"wm-gym {command.split()[0]}: {WRITING[command]} must be {kind}, got {path!r}: ")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("command", WRITING)
def test_what_is_of_the_other_kind_is_not_written_over(command, capsys, tmp_path):
    path = tmp_path / f"taken{FILES.get(command, '')}"
    path.mkdir() if command in FILES else path.touch()
    came = "it is a folder" if command in FILES else "it is a file"
    error = refused(capsys, *command.split(), f"{WRITING[command]}={path}")
    assert error.startswith(f"wm-gym {command.split()[0]}: {WRITING[command]} must be ") and error.endswith(came)


def test_a_film_of_a_replay_is_refused_before_the_replay_is_read(capsys):
    error = refused(capsys, "replay", "missing.replay", "--film", "/proc/nowhere/film.mp4")
    assert error.startswith("wm-gym replay: --film must be a file that can be written, got '/proc/nowhere/film.mp4': ")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "x.replay"),
            "x.replay could not be read or written: No space left on device",
        ),
        (PermissionError(errno.EACCES, "Permission denied"), "a file could not be read or written: Permission denied"),
        (MemoryError(), "there must be memory enough: none was left"),
    ],
)
def test_errors_of_the_machine_are_told_in_one_sentence(error, message, capsys, tmp_path, monkeypatch):
    def fail(config):
        raise error

    monkeypatch.setattr("wm_gym.rollout.rollout", fail)
    assert refused(capsys, "rollout", f"output={tmp_path / 'x'}") == f"wm-gym rollout: {message}"


def test_help_names_every_command_with_its_summary(capsys):
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    for command in COMMANDS:
        assert f"  {command.name} " in told and command.summary in told


@pytest.mark.parametrize("command", CHOOSING, ids=name_of)
def test_help_of_a_command_that_chooses_names_every_row_with_its_summary(command, capsys):
    assert main([command.name, "--help"]) == 0
    told = capsys.readouterr().out
    for row in command.recipes:
        assert f"  {row.name.partition('=')[2]} " in told and row.summary in told


@pytest.mark.parametrize("command", WITH_SETTINGS, ids=name_of)
def test_help_of_a_command_lists_every_setting_with_type_default_and_meaning(command, capsys):
    assert main([*command.name.split(), "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for setting in settings_of(config_class(command)):
        assert setting.meaning, setting.name
        assert f"{setting.name}: {setting.type} = " in told if setting.type else f"{setting.name}.* " in told
        assert setting.meaning in told


@pytest.mark.parametrize("command", WITH_SETTINGS, ids=name_of)
def test_the_settings_that_help_lists_are_those_that_are_taken(command):
    config = config_class(command)
    overrides = [f"{one.name}={shown(one.default)}" for one in settings_of(config) if one.type]
    assert dataclasses.asdict(compose(config, overrides)) == dataclasses.asdict(config())


def test_the_settings_are_printed_as_yaml_and_nothing_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "recipe=video", "--cfg", "job", "train.video.num_layers=4"]) == 0
    told = capsys.readouterr().out
    assert "recordings:\n- outputs/recordings/train\n" in told and "    num_layers: 4\n" in told
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_runs_each_combination_in_a_folder_of_its_own(capsys, tmp_path):
    asked = ["agent=ppo,dqn", "seed=0,1", "world=[city/9]", f"output={tmp_path}", "--cfg", "job"]
    assert main(["train-agent", "--multirun", *asked]) == 0
    told = capsys.readouterr().out.splitlines()
    folders = [line.removeprefix(f"output: {tmp_path}/") for line in told if line.startswith("output: ")]
    assert folders == ["agent=ppo,seed=0", "agent=ppo,seed=1", "agent=dqn,seed=0", "agent=dqn,seed=1"]
    assert told.count("seed: 0") == 2 and told.count("- city/9") == 4 and list(tmp_path.iterdir()) == []


def test_a_sweep_is_refused_before_its_first_run(capsys, tmp_path):
    error = refused(capsys, "train-agent", "-m", "agent=ppo", "seed=0,x", f"output={tmp_path / 'run'}")
    assert error == "wm-gym train-agent: seed must be of type int, got 'x'"
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"wm-gym {wm_gym.__version__}\n"


def test_doctor_answers(capsys):
    assert main(["doctor"]) == 0
    assert "torch" in capsys.readouterr().out


def test_a_pipe_that_is_closed_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    asked = [sys.executable, "-m", "wm_gym.cli", "train", "recipe=video", "--help"]
    run = subprocess.run(asked, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=100)
    os.close(writing)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("command", [name for name, setting in WRITING.items() if setting == "train.output"])
def test_a_device_that_cannot_be_used_is_refused_before_anything_is_prepared(command, capsys, tmp_path):
    error = refused(capsys, *command.split(), f"train.output={tmp_path / 'run'}", "train.device=tpu9")
    asked = command.split()[0]
    assert error.startswith(f"wm-gym {asked}: train.device must be one that torch can use here, got 'tpu9': ")
    assert list(tmp_path.iterdir()) == []
