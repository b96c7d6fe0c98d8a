"""`wm-gym`: the command line. Settings are Hydra overrides: `wm-gym demo world=park seed=4`. Hydra stays here.

Commands that read one file take it as an argument: `wm-gym replay run.replay --verify`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

C = TypeVar("C")


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    # idle OpenMP threads that spin starve the others on a small machine
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    asked = _parser().parse_args(argv)
    try:
        return asked.run(asked)
    except (ValueError, RuntimeError, ImportError) as error:
        print(f"wm-gym {asked.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wm-gym", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, run in COMMANDS.items():
        command = commands.add_parser(name, help="takes settings: setting=value")
        command.add_argument("overrides", nargs="*", metavar="setting=value")
        command.set_defaults(run=lambda asked, run=run: run(asked.overrides))
    _add_replay(commands.add_parser("replay", help="generate a walk again and compare every frame"))
    return parser


def compose(config: type[C], overrides: list[str]) -> C:
    """A dataclass config with `setting=value` overrides, checked by Hydra.

    Raises:
        ValueError: If a setting is unknown or its value is of the wrong kind.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize
    from hydra.core.config_store import ConfigStore
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    node = OmegaConf.structured(config)
    _thaw(node)
    ConfigStore.instance().store(name=config.__name__, node=node)
    try:
        with initialize(version_base="1.3", config_path=None):
            composed: Any = OmegaConf.to_object(hydra_compose(config.__name__, overrides))
    except (HydraException, OmegaConfBaseException) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise ValueError(f"settings must fit {config.__name__}, got: {reason}") from error
    return composed


def _thaw(node: Any) -> None:
    """Let overrides into the frozen dataclasses inside a config too; what is built from it is frozen again."""
    from omegaconf import DictConfig, OmegaConf

    OmegaConf.set_readonly(node, False)
    for name in node:
        if isinstance(node[name], DictConfig):
            _thaw(node[name])


def _demo(overrides: list[str]) -> int:
    from wm_gym.demo import DemoConfig, run_demo

    config = compose(DemoConfig, overrides)
    figures = run_demo(config)
    for name, value in figures.items():
        print(f"{name:30s} {value:10.3f}")
    if config.compare and "psnr_db" not in figures:
        print("not compared with the twin, which needs ViZDoom (pip install 'wm-gym[twin]') and a place of its own")
    print(f"walk.mp4, walk.png, cloud.ply and report.json are in {config.output}")
    return 0


def _collect(overrides: list[str]) -> int:
    from wm_gym.train_world.collect import collect
    from wm_gym.train_world.collection import CollectConfig

    config = compose(CollectConfig, overrides)
    manifest = collect(config)
    print(f"{manifest['num_clips']} clips of {manifest['frames_per_clip']} frames are in {config.output}")
    return 0


def _capture(overrides: list[str]) -> int:
    from wm_gym.train_world.capturing import CaptureConfig, capture

    path = capture(compose(CaptureConfig, overrides))
    print(f"{path} holds the capture, {path.stat().st_size / 1000:.0f} kB")
    return 0


def _train(overrides: list[str]) -> int:
    from wm_gym.train_world.run import RunConfig, run

    config = compose(RunConfig, overrides)
    progress = run(config)
    print(
        f"{progress.step} steps in {progress.seconds / 60:.1f} minutes; weights and logs are in {config.train.output}"
    )
    return 0


def _train_codec(overrides: list[str]) -> int:
    from wm_gym.train_world.codec_training import CodecRunConfig, run_codec

    config = compose(CodecRunConfig, overrides)
    progress = run_codec(config)
    print(f"{progress.step} steps in {progress.seconds / 60:.1f} minutes; codec and logs are in {config.train.output}")
    return 0


def _train_painter(overrides: list[str]) -> int:
    from wm_gym.train_world.painting.training import PaintRunConfig, run_painter

    config = compose(PaintRunConfig, overrides)
    progress = run_painter(config)
    print(f"{progress.step} steps in {progress.seconds / 60:.1f} minutes; painter and logs: {config.train.output}")
    return 0


def _train_half_hour(overrides: list[str]) -> int:
    from wm_gym.train_world.half_hour import HalfHourConfig, half_hour

    config = compose(HalfHourConfig, overrides)
    parts = half_hour(config)
    size = sum(part.stat().st_size for part in parts)
    print(f"{parts[0].parent} holds the weights in {len(parts) - 1} parts and their hash, {size / 1e6:.1f} MB")
    return 0


def _gather_references(overrides: list[str]) -> int:
    from wm_gym.train_world.painting.gathering import GatherConfig, gather_references

    config = compose(GatherConfig, overrides)
    paths = gather_references(config)
    size = sum(path.stat().st_size for path in paths)
    print(f"{config.output} holds {len(paths)} places, {size / 1e6:.1f} MB")
    return 0


def _sharpen_painter(overrides: list[str]) -> int:
    from wm_gym.train_world.painting.sharpening import SharpenRunConfig, run_sharpener

    config = compose(SharpenRunConfig, overrides)
    progress = run_sharpener(config)
    print(f"{progress.step} steps in {progress.seconds / 60:.1f} minutes; painter and logs: {config.train.output}")
    return 0


def _rollout(overrides: list[str]) -> int:
    from wm_gym.rollout import RolloutConfig, rollout

    config = compose(RolloutConfig, overrides)
    replay = rollout(config)
    print(f"{config.output} holds {replay.num_steps} steps, {Path(config.output).stat().st_size / 1000:.0f} kB")
    return 0


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="that `wm-gym rollout` wrote")
    parser.add_argument("--verify", action="store_true", help="generate it again and compare every frame")
    parser.add_argument("--from", dest="from_step", type=int, default=0, metavar="STEP", help="begin there; 0: opening")
    parser.add_argument("--film", metavar="PATH", help="write the recorded frames as an .mp4")
    parser.set_defaults(run=_replay)


def _replay(asked: argparse.Namespace) -> int:
    """Exit status 1: the replay is not what was recorded."""
    from wm_gym.envs.replay import Replay
    from wm_gym.envs.replay_check import verify
    from wm_gym.envs.replay_film import film

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


def _doctor(overrides: list[str]) -> int:
    from wm_gym.doctor import report

    if overrides:
        raise ValueError(f"doctor takes no settings, got {overrides[0]!r}")
    print(report())
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "capture": _capture,
    "collect": _collect,
    "demo": _demo,
    "doctor": _doctor,
    "gather-references": _gather_references,
    "rollout": _rollout,
    "sharpen-painter": _sharpen_painter,
    "train": _train,
    "train-codec": _train_codec,
    "train-half-hour": _train_half_hour,
    "train-painter": _train_painter,
}

if __name__ == "__main__":
    raise SystemExit(main())
