"""Adversarial finetuning: the pixel decoder alone learns, a run goes on exactly, and the discriminator's shapes."""

import signal

import pytest
import torch
from test_inpainter_training import TINY
from wall_clip import wall_clip

from wm_gym.cli import main
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.weights import load_inpainter, save_inpainter
from wm_gym.train_world.inpainting import gan as gan_module
from wm_gym.train_world.inpainting.batches import HintAugmentation, draw_batch
from wm_gym.train_world.inpainting.discriminator import (
    Discriminator,
    DiscriminatorConfig,
    discriminator_loss,
    generator_loss,
)
from wm_gym.train_world.inpainting.gan import Gan, GanConfig, choose_all, gan_loss
from wm_gym.train_world.inpainting.training_frames import TrainingFrames, training_frames_of
from wm_gym.train_world.recipes.inpainter_adversarial import AdversarialConfig, adversarial_recipe
from wm_gym.train_world.trainer import train

NO_INPAINTER = "initial must name the file of the inpainter to finetune, got ''"


@pytest.fixture(scope="module")
def training_frames() -> TrainingFrames:
    return TrainingFrames.cat([training_frames_of(wall_clip(seed), seed) for seed in range(3)])


@pytest.fixture(scope="module")
def inpainter_file(tmp_path_factory):
    torch.manual_seed(0)
    inpainter = Inpainter(TINY)
    inpainter.codebook.depth.normal_(0, 0.5)
    inpainter.codebook.colour.normal_(0, 0.5)
    path = tmp_path_factory.mktemp("inpainter") / "inpainter.safetensors"
    save_inpainter(path, inpainter)
    return path


def _config(folder, inpainter_file, **changes) -> AdversarialConfig:
    fixed = {"steps": 5, "batch": 4, "warmup": 1, "report_steps": 2, "bfloat16": False}
    shape = DiscriminatorConfig(channels=4)
    return AdversarialConfig(output=str(folder), initial=str(inpainter_file), discriminator=shape, **(fixed | changes))


def _state(inpainter) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in inpainter.state_dict().items()}


def _changed(one, other) -> set[str]:
    assert one.keys() == other.keys()
    return {name for name in one if not torch.equal(one[name], other[name])}


def test_logits_are_of_patches_of_two_sizes():
    coarse, fine = Discriminator(DiscriminatorConfig())(torch.rand(3, 4, 48, 64))
    assert coarse.shape == (3, 1, 6, 8) and fine.shape == (3, 1, 12, 16)


def test_a_logit_sees_its_patch_and_no_more():
    discriminator = Discriminator(DiscriminatorConfig(channels=4)).eval()
    for logits, side in zip(
        discriminator(planes := torch.rand(1, 4, 96, 96, requires_grad=True)), (54, 18), strict=True
    ):
        middle = logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2]
        (gradient,) = torch.autograd.grad(middle, planes, retain_graph=True)
        reached = gradient.abs().sum((0, 1)).nonzero()
        assert (reached.amax(0) - reached.amin(0) + 1).tolist() == [side, side]


def test_each_loss_has_a_gradient_for_its_own_network_alone():
    discriminator, made = Discriminator(DiscriminatorConfig(channels=4)), torch.rand(2, 4, 16, 24, requires_grad=True)
    generator_loss(discriminator, made).backward()
    assert made.grad is not None and all(p.grad is None for p in discriminator.parameters())
    made.grad = None
    discriminator_loss(discriminator, torch.rand(2, 4, 16, 24), made).backward()
    assert made.grad is None and all(p.grad is not None for p in discriminator.parameters())


def test_a_discriminator_learns_to_tell_noise_from_the_truth(training_frames):
    discriminator, batch = (
        Discriminator(DiscriminatorConfig(channels=8)),
        draw_batch(training_frames, TINY, HintAugmentation(), 6, 0, 0),
    )
    optimizer, made = torch.optim.AdamW(discriminator.parameters(), 2e-3), torch.zeros(6, 4, 16, 24)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        losses.append(discriminator_loss(discriminator, batch.surface, made))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.8 * losses[0]


def test_all_codes_are_chosen_and_follow_from_the_generator(training_frames, inpainter_file):
    inpainter, batch = (
        load_inpainter(inpainter_file, torch.float32),
        draw_batch(training_frames, TINY, HintAugmentation(), 3, 0, 0),
    )
    one, again, other = (choose_all(inpainter, batch.known, 3, torch.Generator().manual_seed(k)) for k in (1, 1, 2))
    assert (
        one.shape == (3, TINY.num_tokens, TINY.codes_per_token)
        and torch.equal(one, again)
        and not torch.equal(one, other)
    )
    assert (one[..., : TINY.cells] < TINY.depth_codes).all() and (one < TINY.colour_codes).all()


def test_a_step_of_the_discriminator_leaves_the_pixel_decoder_and_its_rate_is_its_own(training_frames, inpainter_file):
    gan = Gan(load_inpainter(inpainter_file, torch.float32), DiscriminatorConfig(channels=4))
    optimizer, before = gan.optimizer(1e-3, 0.0), _state(gan)
    batch = draw_batch(training_frames, TINY, HintAugmentation(), 4, 0, 0)
    total, parts = gan_loss(gan, optimizer, batch, GanConfig(), torch.Generator().manual_seed(0))
    changed = _changed(before, _state(gan))
    assert changed and all(name.startswith("discriminator.") for name in changed)
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 2e-3]
    told = sum(getattr(GanConfig(), name) * part for name, part in parts.items() if name != "discriminator")
    torch.testing.assert_close(total.detach(), told)


def test_only_the_pixel_decoder_changes(training_frames, inpainter_file, tmp_path):
    progress = train(adversarial_recipe(_config(tmp_path, inpainter_file), training_frames, training_frames))
    files = inpainter_file, tmp_path / "inpainter.safetensors"
    changed = _changed(*(_state(load_inpainter(file)) for file in files))
    assert progress.step == 5 and changed and all(name.startswith("pixel_decoder.") for name in changed)
    assert "held_sharpness_ratio" in (tmp_path / "log.jsonl").read_text()


def test_a_run_that_is_interrupted_between_both_losses_ends_in_the_same_bytes(
    training_frames, inpainter_file, tmp_path, monkeypatch
):
    whole = train(adversarial_recipe(_config(tmp_path / "whole", inpainter_file), training_frames))
    calls, before = [], signal.getsignal(signal.SIGINT)

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return generator_loss(*given)

    monkeypatch.setattr(gan_module, "generator_loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(adversarial_recipe(_config(tmp_path / "parts", inpainter_file), training_frames))
    monkeypatch.undo()
    assert len(calls) == 3 and signal.getsignal(signal.SIGINT) is before
    resumed = train(adversarial_recipe(_config(tmp_path / "parts", inpainter_file), training_frames))
    assert resumed.step == whole.step and not _changed(_state(whole.network), _state(resumed.network))
    files = [(tmp_path / name / "inpainter.safetensors").read_bytes() for name in ("whole", "parts")]
    assert files[0] == files[1]


def test_a_run_without_an_inpainter_is_refused_before_frames_are_prepared(training_frames, tmp_path, capsys):
    with pytest.raises(ValueError) as raised:
        train(adversarial_recipe(_config(tmp_path / "run", ""), training_frames))
    assert str(raised.value) == NO_INPAINTER
    assert main(["train", "recipe=inpainter_adversarial", "recordings=[nowhere]"]) == 2
    assert capsys.readouterr().err == f"wm-gym train: {NO_INPAINTER}\n"
    assert not (tmp_path / "run").exists()


def test_a_batch_has_a_half_of_each_kind():
    with pytest.raises(ValueError) as raised:
        AdversarialConfig(batch=1)
    assert str(raised.value) == "batch must be at least 2, half of true codes and half of chosen ones, got 1"
