"""The commands as rows: name, settings, what is run and told, and a summary. What is heavy is imported when it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: As it is typed.
        config: "module:Class" of its settings; empty for none.
        run: Takes an object of that class (or None, or what argparse read) and returns the exit status.
        summary: One line.
        arguments: Tells argparse what it takes instead of settings.
    """

    name: str
    config: str
    run: Callable[[Any], int]
    summary: str
    arguments: Callable[[argparse.ArgumentParser], None] | None = None


def config_class(command: Command) -> type[Any]:
    """The class of a command's settings."""
    module, _, name = command.config.partition(":")
    return getattr(import_module(module), name)


def _demo(config: Any) -> int:
    from wm_gym.demo import run_demo

    figures = run_demo(config)
    for name, value in figures.items():
        print(f"{name:30s} {value:10.3f}")
    if config.compare and "psnr_db" not in figures:
        print("not compared with the twin, which needs ViZDoom (pip install 'wm-gym[twin]') and a place of its own")
    print(f"walk.mp4, walk.png, cloud.ply and report.json are in {config.output}")
    return 0


def _collect(config: Any) -> int:
    from wm_gym.train_world.data.collect import collect

    manifest = collect(config)
    print(f"{manifest['num_clips']} clips of {manifest['frames_per_clip']} frames are in {config.output}")
    return 0


def _capture(config: Any) -> int:
    from wm_gym.train_world.data.capture_scene import capture

    path = capture(config)
    print(f"{path} holds the capture, {path.stat().st_size / 1000:.0f} kB")
    return 0


def _train(config: Any) -> int:
    from wm_gym.train_world.video.run import run

    return _tell(run(config), "weights and logs are in", config)


def _train_codec(config: Any) -> int:
    from wm_gym.train_world.codec.training import run_codec

    return _tell(run_codec(config), "codec and logs are in", config)


def _train_inpainter(config: Any) -> int:
    from wm_gym.train_world.inpainting.training import run_inpainter

    return _tell(run_inpainter(config), "inpainter and logs:", config)


def _finetune_inpainter(config: Any) -> int:
    from wm_gym.train_world.inpainting.adversarial import run_adversarial

    return _tell(run_adversarial(config), "inpainter and logs:", config)


def _tell(progress: Any, what: str, config: Any) -> int:
    print(f"{progress.step} steps in {progress.seconds / 60:.1f} minutes; {what} {config.train.output}")
    return 0


def _train_time_budget(config: Any) -> int:
    from wm_gym.train_world.recipes.time_budget import time_budget

    parts = time_budget(config)
    size = sum(part.stat().st_size for part in parts)
    print(f"{parts[0].parent} holds the weights in {len(parts) - 1} parts and their hash, {size / 1e6:.1f} MB")
    return 0


def _gather_scene_bank(config: Any) -> int:
    from wm_gym.train_world.data.gather_scene_bank import gather_scene_bank

    paths = gather_scene_bank(config)
    size = sum(path.stat().st_size for path in paths)
    print(f"{config.output} holds {len(paths)} places, {size / 1e6:.1f} MB")
    return 0


def _rollout(config: Any) -> int:
    from wm_gym.rollout import rollout

    replay = rollout(config)
    print(f"{config.output} holds {replay.num_steps} steps, {Path(config.output).stat().st_size / 1000:.0f} kB")
    return 0


def _take_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="that `wm-gym rollout` wrote")
    parser.add_argument("--verify", action="store_true", help="generate it again and compare every frame")
    parser.add_argument("--from", dest="from_step", type=int, default=0, metavar="STEP", help="begin there; 0: opening")
    parser.add_argument("--film", metavar="PATH", help="write the recorded frames as an .mp4")


def _replay(asked: argparse.Namespace) -> int:
    """Exit status 1: the replay is not what was recorded."""
    from wm_gym.envs.replay.format import Replay
    from wm_gym.envs.replay.verification import verify
    from wm_gym.envs.replay.video import film
    from wm_gym.files.atomic import check_writable

    if asked.from_step and not (asked.verify or asked.film):
        raise ValueError(f"--from must come with --verify or --film, got --from {asked.from_step} alone")
    if asked.film:
        check_writable(asked.film, name="--film")
    replay = Replay.load(asked.file)
    print(f"{asked.file}: {replay.describe()}")
    if asked.film:
        film(replay, asked.film, asked.from_step)
        print(f"{asked.film} holds the film")
    if not asked.verify:
        return 0
    comparison = verify(replay, asked.from_step)
    print(comparison.describe())
    return 0 if comparison.agrees else 1


def _doctor(nothing: None) -> int:
    from wm_gym.doctor import report

    print(report())
    return 0


_DATA = "wm_gym.train_world.data"
_INPAINTING = "wm_gym.train_world.inpainting"
COMMANDS = (
    Command("demo", "wm_gym.demo:DemoConfig", _demo, "walk through a generated world; film and measure it"),
    Command("rollout", "wm_gym.rollout:RolloutConfig", _rollout, "walk by a scripted policy and keep a replay"),
    Command("replay", "", _replay, "generate a walk again and compare every frame", _take_replay),
    Command("doctor", "", _doctor, "tell what is installed, what can run here and how to mend what is missing"),
    Command("capture", f"{_DATA}.capture_scene:CaptureConfig", _capture, "capture one of the twin's places"),
    Command("collect", f"{_DATA}.collect_config:CollectConfig", _collect, "record clips in the twin to train on"),
    Command(
        "gather-scene-bank", f"{_DATA}.gather_scene_bank:GatherConfig", _gather_scene_bank,
        "capture places that worlds can go on as",
    ),
    Command("train", "wm_gym.train_world.video.run:RunConfig", _train, "train the video model on recordings"),
    Command("train-codec", "wm_gym.train_world.codec.training:CodecRunConfig", _train_codec, "train a streaming codec"),
    Command(
        "train-inpainter", f"{_INPAINTING}.training:InpainterRunConfig", _train_inpainter,
        "train the inpainter of what neither memory nor a reference shows",
    ),
    Command(
        "sharpen-inpainter", f"{_INPAINTING}.adversarial:AdversarialRunConfig", _finetune_inpainter,
        "train the finisher of an inpainter against an adversary",
    ),
    Command(
        "train-time-budget", "wm_gym.train_world.recipes.time_budget:TimeBudgetConfig", _train_time_budget,
        "collect, train and pack weights within a given time",
    ),
)  # fmt: skip
