"""Every recipe, as small as it can be, on clips that need no simulator."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from filmed import write_crops, write_pairs, write_places
from tiny_pieces import TINY, network, walks
from wall_clip import wall_clip, write_recordings

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.streaming import StreamingConfig
from wm_gym.backends.video.weights import save_weights
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.weights import save_inpainter
from wm_gym.entities.network import ThingConfig
from wm_gym.layout.network import LayoutConfig
from wm_gym.layout.tile_network import TileConfig
from wm_gym.reconstruction.depth_network import DepthConfig
from wm_gym.train_world.appearance.pairs import FilmedPairs
from wm_gym.train_world.codec.clips import CodecClip
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.data.samples import ClipSample, prepare
from wm_gym.train_world.distilling.distillation import DistillationConfig
from wm_gym.train_world.distilling.flow import FlowConfig
from wm_gym.train_world.distilling.matching import MatchingConfig
from wm_gym.train_world.inpainting.discriminator import DiscriminatorConfig
from wm_gym.train_world.inpainting.training_frames import TrainingFrames, training_frames_of
from wm_gym.train_world.recipes.appearance import AppearanceTrainConfig, appearance_recipe
from wm_gym.train_world.recipes.causal import CausalTrainConfig, causal_recipe, read_teacher
from wm_gym.train_world.recipes.codec import CodecTrainConfig, codec_recipe
from wm_gym.train_world.recipes.depth import DepthTrainConfig, depth_recipe
from wm_gym.train_world.recipes.distil import DistilTrainConfig, distil_recipe, read_networks
from wm_gym.train_world.recipes.event_reader import ReaderTrainConfig, event_reader_recipe
from wm_gym.train_world.recipes.inpainter import FitConfig, InpainterTrainConfig, inpainter_recipe
from wm_gym.train_world.recipes.inpainter_adversarial import AdversarialConfig, adversarial_recipe
from wm_gym.train_world.recipes.layout import LayoutTrainConfig, layout_recipe
from wm_gym.train_world.recipes.plan_reader import PlanReaderRunConfig, PlanReaderTrainConfig, plan_reader_recipe
from wm_gym.train_world.recipes.teacher import TeacherTrainConfig, teacher_recipe
from wm_gym.train_world.recipes.things import ThingsTrainConfig, things_recipe
from wm_gym.train_world.recipes.tiles import TilesTrainConfig, tiles_recipe
from wm_gym.train_world.recipes.video import VideoTrainConfig, video_recipe
from wm_gym.train_world.things.crops import read_crops
from wm_gym.train_world.trainer import Recipe

VIDEO = VideoConfig(
    height=16, width=24, num_layers=1, num_heads=2, head_dim=24, ffn_dim=32, text_dim=16, refiner_channels=4,
    window_latents=2, sink_latents=0,
)  # fmt: skip
CODEC = StreamingConfig(latent_channels=6, scale=4, width=8, depth=1)
INPAINTER = InpainterConfig(
    height=16, width=24, depth_codes=8, colour_codes=16, dim=16, num_heads=2, num_layers=1, ffn_dim=16, code_dim=8,
    pixel_channels=4, cell_channels=8, decoder_channels=8, decoder_blocks=1,
)  # fmt: skip


@cache
def samples() -> list[ClipSample]:
    """Two samples of the video recipe."""
    return [prepare(wall_clip(seed), seed) for seed in range(2)]


@cache
def clips() -> list[CodecClip]:
    """Two clips of the codec recipe."""
    return [CodecClip.of(clip) for clip in map(wall_clip, range(2))]


@cache
def training_frames() -> TrainingFrames:
    """Frames of the inpainter recipes."""
    return TrainingFrames.cat([training_frames_of(wall_clip(seed), seed) for seed in range(2)])


def write_inpainter(path: Path) -> Path:
    """Write a random inpainter; returns its file."""
    torch.manual_seed(0)
    inpainter = Inpainter(INPAINTER)
    inpainter.codebook.depth.normal_(0, 0.5)
    inpainter.codebook.colour.normal_(0, 0.5)
    save_inpainter(path, inpainter)
    return path


def _video(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    return video_recipe(VideoTrainConfig(**loop, video=VIDEO), samples(), samples())


def _codec(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    return codec_recipe(CodecTrainConfig(**loop, streaming=CODEC), clips(), clips())


def _inpainter(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    fit = FitConfig(training_frames=9, patches=200, rounds=3)
    return inpainter_recipe(InpainterTrainConfig(**loop, inpainter=INPAINTER, fit=fit), training_frames())


def _adversarial(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    initial = str(write_inpainter(folder / "initial.safetensors"))
    shape = DiscriminatorConfig(channels=4)
    return adversarial_recipe(AdversarialConfig(**loop, initial=initial, discriminator=shape), training_frames())


def _appearance(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    pairs = FilmedPairs(write_pairs(folder / "pairs"))
    return appearance_recipe(AppearanceTrainConfig(**loop, width=8), [pairs], pairs)


def _things(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    crops = read_crops(write_crops(folder / "crops"))
    return things_recipe(ThingsTrainConfig(**loop, things=ThingConfig(looks=4, width=8, hidden=8)), crops, crops)


def _event_reader(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    return event_reader_recipe(ReaderTrainConfig(**loop))


def _layout(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    shape = LayoutConfig(codes=32, width=16, depth=1, head_width=8, cell_width=4)
    return layout_recipe(LayoutTrainConfig(**loop, layout=shape, dictionary_windows=8))


def _tiles(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    shape = TileConfig(width=4, latent=4, slots=3, colours=2)
    return tiles_recipe(TilesTrainConfig(**loop, tiles=shape, places=2, held_out_places=2))


def _plan_reader(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    places = write_places(folder / "places")
    run = PlanReaderTrainConfig(**loop, width=8, border_windows=4)
    return plan_reader_recipe(PlanReaderRunConfig(places=str(places), held_out=str(places), train=run))


def _depth(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    recordings = folder / "recordings"
    sources = [Recordings(recordings if recordings.exists() else write_recordings(recordings, clips=2))]
    return depth_recipe(DepthTrainConfig(**loop, depth=DepthConfig(width=4, head=4)), sources, sources[0])


def write_teacher(path: Path, seed: int = 0) -> Path:
    """Write a random teacher; returns its file."""
    save_weights(path, network(seed))
    return path


def _teacher(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    return teacher_recipe(TeacherTrainConfig(**loop, video=TINY, flow=FlowConfig(num_steps=2)), walks(), walks())


def _causal(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    config = CausalTrainConfig(**loop, initial=str(write_teacher(folder / "teacher.safetensors")), sigmas=[1.0, 0.5])
    return causal_recipe(config, read_teacher(config.initial), walks(), walks())


def _distil(folder: Path, loop: dict[str, Any]) -> Recipe[Any]:
    fixed = DistillationConfig(chunks=2, adversarial=0.1, score=MatchingConfig(critic_steps=1))
    config = DistilTrainConfig(**loop, teacher=str(write_teacher(folder / "teacher.safetensors")), distillation=fixed)
    return distil_recipe(config, read_networks(config), walks(), walks())


TINY_RECIPES: dict[str, Callable[[Path, dict[str, Any]], Recipe[Any]]] = {
    "video": _video,
    "codec": _codec,
    "inpainter": _inpainter,
    "inpainter_adversarial": _adversarial,
    "appearance": _appearance,
    "things": _things,
    "event_reader": _event_reader,
    "layout": _layout,
    "tiles": _tiles,
    "plan_reader": _plan_reader,
    "depth": _depth,
    "teacher": _teacher,
    "causal": _causal,
    "distil": _distil,
}


ON_RECORDINGS = ("video", "codec", "inpainter", "inpainter_adversarial")
"""Those that train on recorded clips."""


def tiny_recipe(name: str, folder: Path, output: str, **loop: Any) -> Recipe[Any]:
    """A recipe that trains in `folder / output`, with these settings of the loop."""
    fixed = {"steps": 4, "batch": 2, "length": 2, "report_steps": 2, "warmup": 1, "bfloat16": False}
    return TINY_RECIPES[name](folder, {**fixed, **loop, "output": str(folder / output)})
