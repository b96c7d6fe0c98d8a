import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from wall_clip import wall_clip

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.codecs import ExactCodec
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.streaming import StreamingCodec, StreamingConfig
from wm_gym.backends.video.weights import load_codec, load_weights, save_codec
from wm_gym.train_world.codec.clips import CodecClip, draw_chunks
from wm_gym.train_world.codec.scores import compare_planes
from wm_gym.train_world.data.samples import prepare
from wm_gym.train_world.recipes.codec import CodecTrainConfig, codec_recipe
from wm_gym.train_world.recipes.video import VideoTrainConfig, video_recipe
from wm_gym.train_world.trainer import train
from wm_gym.train_world.video.batches import Batches
from wm_gym.train_world.video.latents import latents_of

SHAPE = StreamingConfig(latent_channels=6, scale=4, width=8, depth=1)
VIDEO = VideoConfig(
    height=16, width=24, num_layers=1, num_heads=2, head_dim=24, ffn_dim=32, text_dim=16, refiner_channels=0,
    window_latents=2, sink_latents=0, codec="streaming",
)  # fmt: skip
PACKING = SpaceToDepthCodec(0.2, 100.0)


@pytest.fixture(scope="module")
def clips() -> list[CodecClip]:
    clips = [wall_clip(seed) for seed in range(3)]
    return [CodecClip.of(clip) for clip in clips]


@pytest.fixture(scope="module")
def samples():
    return [prepare(wall_clip(seed), seed) for seed in range(3)]


@pytest.fixture(scope="module")
def codec_file(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("codec") / "codec.safetensors"
    save_codec(path, StreamingCodec(SHAPE, PACKING, 4))
    return path


def _config(folder, **settings) -> CodecTrainConfig:
    fixed = {"streaming": SHAPE, "steps": 6, "batch": 2, "length": 2, "report_steps": 3, "bfloat16": False}
    return CodecTrainConfig(output=str(folder), **(fixed | settings))


def _world_config(folder, codec_file, **settings) -> VideoTrainConfig:
    fixed = {"video": VIDEO, "codec_weights": str(codec_file), "steps": 4, "batch": 2, "report_steps": 4}
    return VideoTrainConfig(output=str(folder), bfloat16=False, **(fixed | settings))


def _equal(one, other) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_sample_begins_with_one_frame_that_stands_still(clips):
    chunks = draw_chunks(clips, PACKING, np.random.default_rng(0), 3, length=2, num_frames=4).unflatten(2, (4, 5))
    assert chunks.shape == (3, 3, 4, 5, 16, 24)
    assert torch.equal(chunks[:, 0, :1].expand(-1, 4, -1, -1, -1), chunks[:, 0])


def test_clips_that_are_too_short_are_refused(clips):
    with pytest.raises(ValueError) as raised:
        draw_chunks(clips, PACKING, np.random.default_rng(0), 1, length=7, num_frames=4)
    assert str(raised.value) == "clips must have more than 28 frames, got one of 25"


def test_a_codec_learns_and_leaves_figures_and_strips(clips, tmp_path):
    train(
        codec_recipe(_config(tmp_path, steps=60, report_steps=20, warmup=5, learning_rate=5e-3), clips[:1], clips[:1])
    )
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["depth"] < 0.8 * rows[0]["depth"]
    assert {"psnr_db", "depth_absrel", "moving_iou", "sharpness_ratio", "boundary_ratio"} <= set(rows[-1])
    assert (tmp_path / "strip_0000060.png").exists()


def test_the_truth_scores_as_the_truth(clips):
    codec = StreamingCodec(SHAPE, PACKING, 4)
    planes = draw_chunks(clips, PACKING, np.random.default_rng(0), 3, length=2, num_frames=4)
    figures = compare_planes(codec, planes, planes)
    assert figures["psnr_db"] > 60 and figures["moving_iou"] == 1
    assert figures["depth_absrel"] == 0 and figures["sharpness_ratio"] == 1


def test_a_world_model_learns_on_a_frozen_codec_and_holds_it(samples, codec_file, tmp_path):
    progress = train(video_recipe(_world_config(tmp_path, codec_file), samples, samples[:2]))
    network = load_weights(tmp_path / "weights.safetensors")
    assert progress.step == 4 and network.config.streaming == SHAPE
    assert _equal(network.codec, load_codec(codec_file))
    row = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert {"latent", "psnr_db", "unseen_psnr_db", "moving_iou"} <= set(row)


def test_a_resumed_world_model_needs_its_codec_from_the_checkpoint_alone(samples, codec_file, tmp_path):
    train(video_recipe(_world_config(tmp_path, codec_file), samples))
    other = tmp_path / "other.safetensors"
    torch.manual_seed(1)
    save_codec(other, StreamingCodec(SHAPE, PACKING, 4))
    train(video_recipe(_world_config(tmp_path, other), samples))
    network = load_weights(tmp_path / "weights.safetensors")
    assert _equal(network.codec, load_codec(codec_file))


def test_with_exact_patches_latents_are_the_planes_themselves(samples):
    batch = Batches(samples, PACKING, VIDEO, length=3).draw(2, 0, 0, None)
    latents = latents_of(ExactCodec(PACKING, 4), batch)
    assert torch.equal(latents.clean, batch.clean) and torch.equal(latents.hints, batch.hints)


def test_latents_of_a_batch_are_those_of_a_world_that_opened_before_it(samples, codec_file):
    codec = load_codec(codec_file, torch.float32)
    batch = Batches(samples, PACKING, VIDEO, length=3).draw(2, 0, 0, None)
    latents = latents_of(codec, batch)
    state = codec.encode(batch.before.repeat(1, 4, 1, 1)[:, None], codec.start(2, 16, 24))[1]
    torch.testing.assert_close(codec.encode_clip(batch.clean, state)[0], latents.clean, atol=1e-5, rtol=0)


def test_a_codec_is_named_if_and_only_if_it_is_wanted(codec_file):
    with pytest.raises(ValueError) as raised:
        VideoTrainConfig(video=VIDEO)
    assert str(raised.value) == (
        "codec_weights must name a codec's file with video.codec 'streaming', and be empty with 'space_to_depth', "
        "got '' with 'streaming'"
    )
    with pytest.raises(ValueError, match=r"with 'space_to_depth'$"):
        VideoTrainConfig(codec_weights=str(codec_file))


def test_a_codec_of_another_range_of_depth_is_refused(samples, codec_file, tmp_path):
    video = VideoConfig(**{**vars(VIDEO), "far_metres": 50.0})
    samples = [replace(sample, spec=replace(sample.spec, far_metres=50.0)) for sample in samples]
    with pytest.raises(ValueError, match=r"^codec .* must fold .*50.0.* got .*100.0.*$"):
        train(video_recipe(_world_config(tmp_path, codec_file, video=video), samples))
