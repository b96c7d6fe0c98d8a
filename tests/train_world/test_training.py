import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from wall_clip import STEPS, wall_clip

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.weights import load_weights
from wm_gym.train_world.data.samples import ClipSample, prepare, unpack_hints
from wm_gym.train_world.recipes.video import VideoTrainConfig, video_recipe
from wm_gym.train_world.trainer import train
from wm_gym.train_world.video.batches import AugmentationConfig, Batches
from wm_gym.train_world.video.objective import ObjectiveConfig, draw_levels, energy_score

TINY = VideoConfig(
    height=16, width=24, num_layers=1, num_heads=2, head_dim=24, ffn_dim=32, text_dim=16, refiner_channels=4,
    window_latents=2, sink_latents=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def samples() -> list[ClipSample]:
    return [prepare(wall_clip(seed), seed) for seed in range(6)]


def _config(folder, **settings) -> VideoTrainConfig:
    fixed = {"video": TINY, "steps": 6, "batch": 2, "report_steps": 3, "bfloat16": False, "warmup": 2}
    return VideoTrainConfig(output=str(folder), **(fixed | settings))


def test_hints_show_what_was_seen_before(samples):
    shown = [unpack_hints(clip_sample, slice(0, STEPS)) for clip_sample in samples]
    assert all(hints.seen.float().mean() > 0.6 for hints in shown)
    seen = shown[0].seen & ~shown[0].moving
    np.testing.assert_allclose(shown[0].log_depth[seen].exp().numpy(), 2.0, rtol=0.35)
    assert any(hints.moving.any() for hints in shown)


def test_batches_come_from_the_seed_and_their_number(samples):
    batches = Batches(samples, SpaceToDepthCodec(0.2, 100.0), TINY, length=3)
    one, other = (batches.draw(3, 5, 9, AugmentationConfig()) for _ in range(2))
    assert torch.equal(one.hints, other.hints) and torch.equal(one.clean, other.clean)
    assert not torch.equal(one.hints, batches.draw(3, 5, 10, AugmentationConfig()).hints)


def test_samples_can_be_made_to_end_where_the_prompt_changes(samples):
    changed_prompts = [
        replace(clip_sample, prompts=("Quiet.",) * 3 + ("Quiet. It snows.",) * (STEPS - 3)) for clip_sample in samples
    ]
    batch = Batches(changed_prompts, SpaceToDepthCodec(0.2, 100.0), TINY, length=3, turning=1.0).draw(8, 0, 0, None)
    assert set(batch.prompts[2::3]) == {"Quiet. It snows."} and (batch.times[:, -1] == 3).all()
    assert set(batch.prompts) == {"Quiet.", "Quiet. It snows."}


def test_augmentation_leaves_the_truth_alone_and_takes_hints_away(samples):
    batches = Batches(samples, SpaceToDepthCodec(0.2, 100.0), TINY, length=3)
    plain = batches.draw(4, 0, 0, None)
    bare = batches.draw(4, 0, 0, AugmentationConfig(no_hints=1.0))
    assert torch.equal(plain.clean, bare.clean)
    assert not bare.hints.any() and plain.hints.any()


def test_floaters_cover_few_pixels(samples):
    batches = Batches(samples, SpaceToDepthCodec(0.2, 100.0), TINY, length=3)
    plain = batches.draw(4, 0, 0, AugmentationConfig(no_hints=0, cutout=0, noisy=0, floaters=0))
    floaters = batches.draw(4, 0, 0, AugmentationConfig(no_hints=0, cutout=0, noisy=0, floaters=1))
    changed = (plain.hints != floaters.hints).any(2).float().mean()
    assert 0 < changed < AugmentationConfig().most_floaters


def test_targets_are_noisy_and_a_forced_past_is_not():
    generator = torch.Generator().manual_seed(0)
    levels = draw_levels(500, 3, ObjectiveConfig(forced=0.0, pure_noise=1.0), generator)
    assert (levels[:, -1] == 1).all() and levels[:, :-1].max() <= ObjectiveConfig().past_noise
    assert (draw_levels(500, 3, ObjectiveConfig(forced=1.0, pure_noise=1.0), generator) == 1).all()


def test_all_latents_of_a_chunk_have_one_level_and_the_last_chunk_is_the_target():
    levels = draw_levels(500, 5, ObjectiveConfig(forced=0.0, pure_noise=1.0), torch.Generator().manual_seed(0), 2)
    assert torch.equal(levels[:, 1], levels[:, 2]) and not torch.equal(levels[:, 0], levels[:, 1])
    assert (levels[:, 3:] == 1).all() and levels[:, :3].max() <= ObjectiveConfig().past_noise


@pytest.mark.parametrize("turning", [0.0, 1.0])
def test_samples_end_where_a_chunk_ends(samples, turning):
    changing = [replace(one, prompts=("Quiet.",) * 3 + ("It snows.",) * (STEPS - 3)) for one in samples]
    video = replace(TINY, latents_per_chunk=2)
    batches = Batches(changing, SpaceToDepthCodec(0.2, 100.0), video, length=3, turning=turning)
    assert (batches.draw(16, 0, 0, None).times[:, -1] % 2 == 1).all()


def test_rays_are_relative_to_the_frame_before_the_chunk_or_to_the_first_of_the_clip(samples):
    def camera(**changed):
        batches = Batches(samples, SpaceToDepthCodec(0.2, 100.0), replace(TINY, **changed), length=4)
        return batches.steps_of(samples[0], 0)[2]

    single, double, world = camera(), camera(latents_per_chunk=2), camera(camera_frame="world")
    assert torch.equal(single[[0, 2]], double[[0, 2]]) and not torch.allclose(single[[1, 3]], double[[1, 3]])
    torch.testing.assert_close(world[0], single[0], atol=0.02, rtol=0.05)  # compressed, and near
    assert not torch.allclose(world[2], single[2], atol=0.02)


@pytest.mark.parametrize("changed", [{"latents_per_chunk": 2}, {"camera_frame": "world", "hint_concat": "frame"}])
def test_models_of_several_latents_a_chunk_and_of_a_common_camera_frame_are_trained(samples, tmp_path, changed):
    config = _config(tmp_path, steps=2, report_steps=2, video=replace(TINY, **changed))
    train(video_recipe(config, samples, samples[:2]))
    row = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert np.isfinite(row["loss"]) and np.isfinite(row["psnr_db"])
    assert load_weights(tmp_path / "weights.safetensors").config == replace(TINY, **changed)


def test_a_sample_shorter_than_a_chunk_is_refused(samples):
    with pytest.raises(ValueError) as raised:
        Batches(samples, SpaceToDepthCodec(0.2, 100.0), replace(TINY, latents_per_chunk=4), length=3)
    assert str(raised.value) == "length must be at least latents_per_chunk (4), got 3"


def test_a_clip_shorter_than_a_sample_of_whole_chunks_is_refused(samples):
    with pytest.raises(ValueError) as raised:
        Batches(samples, SpaceToDepthCodec(0.2, 100.0), replace(TINY, latents_per_chunk=STEPS), length=STEPS + 1)
    needed = 2 * STEPS
    assert str(raised.value) == f"clips must have at least {needed} steps for samples of {STEPS + 1}, got {STEPS}"


def test_a_resumed_run_ends_in_the_same_weights(samples, tmp_path):
    whole = train(video_recipe(_config(tmp_path / "whole"), samples, samples[:2]))

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wm_gym.train_world.report.Report.write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(video_recipe(_config(tmp_path / "parted"), samples, samples[:2]))
    parted = train(video_recipe(_config(tmp_path / "parted"), samples, samples[:2]))
    assert parted.step == whole.step == 6
    for one, other in zip(whole.average.parameters(), parted.average.parameters(), strict=True):
        assert torch.equal(one, other)


def test_moments_are_found_by_name_when_parameters_change_their_order(samples, tmp_path):
    done = train(video_recipe(_config(tmp_path, steps=2), samples))
    path = tmp_path / "checkpoint.pt"
    data = torch.load(path, weights_only=True)
    count = len(data["order"])
    data["order"] = data["order"][::-1]
    data["optimizer"]["state"] = {count - 1 - k: row for k, row in data["optimizer"]["state"].items()}
    torch.save(data, path)
    again = train(video_recipe(_config(tmp_path, steps=2), samples))
    for one, other in zip(done.optimizer.state.values(), again.optimizer.state.values(), strict=True):
        assert torch.equal(one["exp_avg"], other["exp_avg"])


def test_a_run_leaves_figures_and_strips(samples, tmp_path):
    train(video_recipe(_config(tmp_path), samples, samples[:2]))
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [3, 6]
    assert {"loss", "psnr_db", "hint_psnr_db", "unseen_psnr_db", "moving_iou"} <= set(rows[-1])
    assert (tmp_path / "strip_0000006.png").exists()


def test_learning_lowers_the_loss(samples, tmp_path):
    train(video_recipe(_config(tmp_path, steps=60, report_steps=20, learning_rate=3e-3), samples[:1]))
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": 24}, "height must be that of the recordings, 16, got 24"),
        ({"far_metres": 50.0}, "far_metres must be that of the recordings, 100.0, got 50.0"),
        ({"frames_per_latent": 2}, "frames_per_latent must be that of the recordings, 4, got 2"),
    ],
)
def test_a_model_that_does_not_fit_the_recordings_is_refused(samples, tmp_path, changes, message):
    with pytest.raises(ValueError) as raised:
        video_recipe(_config(tmp_path, video=replace(TINY, **changes)), samples)
    assert str(raised.value) == f"train.video.{message}"


def test_another_config_is_not_resumed(samples, tmp_path):
    train(video_recipe(_config(tmp_path, steps=2), samples))
    with pytest.raises(ValueError) as raised:
        train(video_recipe(_config(tmp_path, steps=2, batch=3), samples))
    assert str(raised.value) == (
        f"a resumed run must keep its settings, got another 'batch' than {tmp_path / 'checkpoint.pt'} has"
    )


def test_the_energy_score_prefers_one_of_many_ways_to_their_mean():
    generator = torch.Generator().manual_seed(0)
    ways = torch.randn(2, 5, 8, 8, generator=generator)

    def score(predict):
        total = 0.0
        for truth in range(2):
            for k in range(8):
                two = torch.stack([predict(2 * k), predict(k // 2)])
                total += energy_score(two, ways[[truth, truth]], 1, 4).item()
        return total

    assert score(lambda k: ways[k % 2]) < score(lambda k: ways.mean(0)) - 0.5
    assert energy_score(ways[:1].repeat(2, 1, 1, 1), ways[:1].repeat(2, 1, 1, 1), 1, 4).item() < 1e-2


def test_half_of_a_batch_at_most_comes_twice():
    with pytest.raises(ValueError) as raised:
        ObjectiveConfig(paired=0.7)
    assert str(raised.value) == "paired must be in 0..0.5, got 0.7"
