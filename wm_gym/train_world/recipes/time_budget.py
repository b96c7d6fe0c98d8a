"""Recipe "time_budget": from nothing to weights within a given time, on one machine with a GPU and many cores.

Recordings are collected there, since programs are smaller to send than data. Then a model is trained until the time is
nearly over: first at a constant learning rate, then in a decay phase. The weights are packed into parts small enough to
be sent. A second run starts from the weights of the first (`initial`), with a new warm-up and other recordings
(`seed`).

With small numbers the same code runs on two cores. Where Hydra is not installed, call `time_budget`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.train_world.data.collect import collect
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.inpainting.preparing import FrameSources, prepare_training_frames
from wm_gym.train_world.inpainting.sizes import inpainter_of, learning_rate_of
from wm_gym.train_world.loop_config import ENDLESS_STEPS, check_device
from wm_gym.train_world.recipes.inpainter import InpainterTrainConfig, inpainter_recipe
from wm_gym.train_world.recipes.student_budget import TEACHING, distil_until, teaching
from wm_gym.train_world.recipes.teacher import TeacherTrainConfig
from wm_gym.train_world.recipes.video import VideoTrainConfig, prepare_samples, video_recipe
from wm_gym.train_world.trainer import Recipe, train
from wm_gym.train_world.video.sizes import video_of

PARTS_FOLDER = "parts"
SHAPES = {"inpainter": inpainter_of, "video": video_of, "student": video_of}
"""Shape of a model of each kind, by size, height and width."""

LEAST_DECAY_STEPS = 8
"""With fewer steps than these a fresh optimizer does more harm than good."""


@dataclass(frozen=True)
class Budgeted:
    """What is trained within the time.

    Attributes:
        constant: Settings of a run at a constant learning rate.
        recipe: A run of given settings on the collected recordings.
        share: Share of the time that these runs have.
        after: What is done with their weights in the minutes that are left then, or None; returns other weights.
    """

    constant: InpainterTrainConfig | VideoTrainConfig | TeacherTrainConfig
    recipe: Callable[[Any], Recipe[Any]]
    share: float = 1.0
    after: Callable[[Path, float], Path] | None = None


@dataclass
class TimeBudgetConfig:
    """What is done within the time.

    Attributes:
        output: Folder of everything.
        what: "inpainter", "video", or "student": a teacher first, which is then distilled.
        size: Size of the model, a key of `SHAPES` in `train_world/inpainting/sizes.py` or `train_world/video/sizes.py`.
        height: Rows of a frame.
        width: Columns of a frame.
        minutes: Minutes of the whole call.
        packing_minutes: Minutes left for scores and packing; scores do not count as training.
        decay_share: Share of the training time in which the learning rate decays.
        num_clips: Clips that are collected to train on, of `steps` steps each.
        held_out_clips: Clips of other maps that are collected to score on.
        steps: Steps of a clip.
        event_share: Share of clips in which events happen.
        passes: Samples made of each clip, each with a memory of its own.
        batch: Samples in a step of training.
        initial: File of weights to start from; empty for none.
        seed: Seed of everything random.
        workers: Processes that collect and prepare, and threads that draw batches.
        device: "cpu" or "cuda".
        report_steps: Steps between reports.
        part_bytes: Most bytes of a part.
        difficulties: Share of each difficulty of the scenes.
    """

    output: str = "outputs/time_budget"
    what: str = "inpainter"
    size: str = "10M"
    height: int = 48
    width: int = 64
    minutes: float = 9.5
    packing_minutes: float = 0.8
    decay_share: float = 0.3
    num_clips: int = 3200
    held_out_clips: int = 48
    steps: int = 24
    event_share: float = 0.15
    passes: int = 4
    batch: int = 256
    initial: str = ""
    seed: int = 0
    workers: int = 16
    device: str = "cuda"
    report_steps: int = 1000
    part_bytes: int = 15 * 2**20
    difficulties: dict[str, float] = field(default_factory=lambda: {"simple": 0.1, "medium": 0.3, "full": 0.6})

    def __post_init__(self) -> None:
        if self.what not in BUDGETED:
            raise ValueError(f"what must be one of {list(BUDGETED)}, got {self.what!r}")
        if not 0 < self.decay_share < 1:
            raise ValueError(f"decay_share must be between 0 and 1, got {self.decay_share}")
        if self.part_bytes < 1:
            raise ValueError(f"part_bytes must be at least 1, got {self.part_bytes}")
        SHAPES[self.what](self.size, self.height, self.width)  # refused before anything is collected


def run_time_budget(config: TimeBudgetConfig) -> str:
    """As `time_budget`; returns a summary, one line."""
    parts = time_budget(config)
    size = sum(part.stat().st_size for part in parts)
    return f"{parts[0].parent} holds the weights in {len(parts) - 1} parts and their hash, {size / 1e6:.1f} MB"


def time_budget(config: TimeBudgetConfig) -> list[Path]:
    """Collect, prepare, train and pack; returns the parts.

    A call in the folder of one that was interrupted takes over its recordings and its constant phase.

    Raises:
        ValueError: If the folder holds recordings or a run with other settings, or it or the device cannot be used.
        RuntimeError: If no time is left to train, or recording failed.
    """
    check_writable(config.output, is_folder=True)
    check_device(config.device, "device")
    deadline = perf_counter() + 60 * (config.minutes - config.packing_minutes)
    for split, num_clips in (("train", config.num_clips), ("test", config.held_out_clips)):
        collect(_dataset(config, split, num_clips))
    budgeted, now = BUDGETED[config.what](config), perf_counter()
    weights = _train_until(now + budgeted.share * (deadline - now), budgeted, config)
    if budgeted.after is not None:
        weights = budgeted.after(weights, (deadline - perf_counter()) / 60)
    return pack(weights, Path(config.output) / PARTS_FOLDER, config.part_bytes)


def _train_until(deadline: float, budgeted: Budgeted, config: TimeBudgetConfig) -> Path:
    """A constant phase, then a decay phase of as many steps as fit; returns the weights."""
    minutes, folder = (deadline - perf_counter()) / 60, Path(config.output)
    if minutes <= 0:
        raise RuntimeError(
            f"time must be left to train, got {minutes:.1f} minutes: collect fewer clips, or give more time"
        )
    phase = replace(budgeted.constant, output=str(folder / "constant"), most_minutes=minutes * (1 - config.decay_share))
    constant = budgeted.recipe(phase)
    progress = train(constant)
    shutil.rmtree(folder / "decay", ignore_errors=True)  # of an interrupted call, from other weights
    weights = folder / "constant" / constant.file
    steps = round(progress.step / progress.seconds * max(0.0, deadline - perf_counter()))
    if steps < LEAST_DECAY_STEPS:
        return weights
    train(budgeted.recipe(_decay(budgeted, config, weights, steps)))
    return folder / "decay" / constant.file


def _decay(budgeted: Budgeted, config: TimeBudgetConfig, weights: Path, steps: int) -> Any:
    """Settings of the decay phase, from the weights of the constant one."""
    return replace(
        budgeted.constant, output=str(Path(config.output) / "decay"), initial=str(weights), constant_share=0.0,
        warmup=max(1, steps // 5), steps=steps, most_minutes=0.0, seed=config.seed + 1,
    )  # fmt: skip


def pack(path: Path, folder: Path, part_bytes: int) -> list[Path]:
    """Cut a file into parts NAME.00, NAME.01, ... beside its hash, NAME.sha256; returns all of them.

    `cat NAME.?? > NAME` joins them again.
    """
    data = path.read_bytes()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cuts = range(0, max(1, len(data)), part_bytes)
    pieces = {f"{path.name}.{number:02d}": data[at : at + part_bytes] for number, at in enumerate(cuts)}
    pieces[f"{path.name}.sha256"] = f"{hashlib.sha256(data).hexdigest()}  {path.name}\n".encode()
    for name, piece in pieces.items():
        write_atomically(folder / name, lambda file, piece=piece: file.write(piece))
    return [folder / name for name in pieces]


def _dataset(config: TimeBudgetConfig, split: str, num_clips: int) -> CollectConfig:
    return CollectConfig(
        output=str(_recordings(config, split)), split=split, num_clips=num_clips, steps=config.steps,
        height=config.height, width=config.width, difficulties=config.difficulties, event_share=config.event_share,
        seed=config.seed, workers=config.workers,
    )  # fmt: skip


def _recordings(config: TimeBudgetConfig, split: str) -> Path:
    return Path(config.output) / "recordings" / split


def _loop(config: TimeBudgetConfig) -> dict[str, Any]:
    """Settings of the loop in the constant phase."""
    return {
        "steps": ENDLESS_STEPS, "constant_share": 1.0, "batch": config.batch, "initial": config.initial,
        "seed": config.seed, "device": config.device, "report_steps": config.report_steps,
        "data_workers": config.workers,
    }  # fmt: skip


def _budgeted_inpainter(config: TimeBudgetConfig) -> Budgeted:
    shape = inpainter_of(config.size, config.height, config.width)
    constant = InpainterTrainConfig(inpainter=shape, learning_rate=learning_rate_of(shape), **_loop(config))
    sources = FrameSources(
        recordings=[str(_recordings(config, "train"))], held_out=str(_recordings(config, "test")),
        held_out_clips=config.held_out_clips, passes=config.passes, workers=config.workers,
    )  # fmt: skip
    training_frames, held_out = prepare_training_frames(sources, shape)
    return Budgeted(constant, lambda phase: inpainter_recipe(phase, training_frames, held_out))


def _budgeted_video(config: TimeBudgetConfig) -> Budgeted:
    shape = video_of(config.size, config.height, config.width)
    constant = VideoTrainConfig(video=shape, turning=0.4, **_loop(config))
    samples, held_out = (
        prepare_samples(str(_recordings(config, split)), 0, passes, config.workers)
        for split, passes in (("train", config.passes), ("test", 1))
    )
    return Budgeted(constant, lambda phase: video_recipe(phase, samples, held_out))


def _budgeted_student(config: TimeBudgetConfig) -> Budgeted:
    folder, shape = str(_recordings(config, "train")), video_of(config.size, config.height, config.width)
    constant, recipe = teaching(shape, folder, _loop(config))

    def after(teacher: Path, minutes: float) -> Path:
        return distil_until(minutes, teacher, folder, _loop(config), str(Path(config.output) / "student"))

    return Budgeted(constant, recipe, TEACHING, after)


BUDGETED: dict[str, Callable[[TimeBudgetConfig], Budgeted]] = {
    "inpainter": _budgeted_inpainter,
    "video": _budgeted_video,
    "student": _budgeted_student,
}
