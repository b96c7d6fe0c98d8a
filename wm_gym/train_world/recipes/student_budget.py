"""A teacher and its student within a time: the first part of it teaches, the second distils."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from wm_gym.backends.video.config import VideoConfig
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.distilling.distillation import DistillationConfig
from wm_gym.train_world.distilling.walks import Pieces, read_walks
from wm_gym.train_world.recipes.distil import DistilTrainConfig, distil_recipe, read_networks
from wm_gym.train_world.recipes.teacher import TeacherTrainConfig, teacher_recipe
from wm_gym.train_world.trainer import Recipe, train

TEACHING = 0.6
"""Share of the time to train that the teacher has."""

SIGMAS = (1.0, 0.6, 0.3, 0.12)
"""Noise levels of the student."""


def teaching(
    video: VideoConfig, folder: str, loop: dict[str, Any]
) -> tuple[TeacherTrainConfig, Callable[[TeacherTrainConfig], Recipe[Pieces]]]:
    """Settings of a teacher at a constant learning rate, and its recipe on all frames of a folder of recordings."""
    walks = read_walks(folder, stride=_stride(folder, video))
    constant = TeacherTrainConfig(video=video, length=video.latents_per_chunk, **loop)
    return constant, lambda config: teacher_recipe(config, walks)


def distil_until(minutes: float, teacher: Path, folder: str, loop: dict[str, Any], output: str) -> Path:
    """Distil a teacher for so many minutes; returns the student's weights."""
    several = DistillationConfig(sigmas=SIGMAS, chunks=2, adversarial=0.02)
    config = DistilTrainConfig(
        **loop | {"output": output, "initial": "", "most_minutes": max(minutes, 1e-3)}, teacher=str(teacher),
        distillation=several,
    )  # fmt: skip
    networks = read_networks(config)
    video = networks.teacher.config
    config = replace(config, length=video.latents_per_chunk)
    recipe = distil_recipe(config, networks, read_walks(folder, stride=_stride(folder, video)))
    train(recipe)
    return Path(output) / recipe.file


def _stride(folder: str, video: VideoConfig) -> int:
    """All frames for latent frames of several frames; for single ones, one of each step."""
    return 1 if video.frames_per_latent > 1 else Recordings(folder).spec.frames_per_step
