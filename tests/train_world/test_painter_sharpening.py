"""A painter that is sharpened: its finisher alone learns, the run can be gone on with, and the adversary's shapes."""

import signal

import pytest
import torch
from painted_wall import painted_wall
from test_painter_training import TINY

from wm_gym.backends.video.painting.painter import Painter
from wm_gym.backends.video.weights import load_painter, save_painter
from wm_gym.cli import main
from wm_gym.train_world.painting import contest as turns
from wm_gym.train_world.painting.adversary import Adversary, AdversaryConfig, deceiving, judging
from wm_gym.train_world.painting.batches import TearConfig, draw_batch
from wm_gym.train_world.painting.contest import Contest, ContestConfig, choose_all, contest_loss
from wm_gym.train_world.painting.sharpening import SharpenConfig, sharpen_painter
from wm_gym.train_world.painting.views import Views, views_of

NO_PAINTER = "initial must name the file of the painter to sharpen, got ''"


@pytest.fixture(scope="module")
def views() -> Views:
    return Views.cat([views_of(painted_wall(seed), seed) for seed in range(3)])


@pytest.fixture(scope="module")
def painter_file(tmp_path_factory):
    torch.manual_seed(0)
    painter = Painter(TINY)
    painter.codebook.depth.normal_(0, 0.5)
    painter.codebook.colour.normal_(0, 0.5)
    path = tmp_path_factory.mktemp("painter") / "painter.safetensors"
    save_painter(path, painter)
    return path


def _config(folder, painter_file, **changes) -> SharpenConfig:
    fixed = {"steps": 5, "batch": 4, "warmup": 1, "report_steps": 2, "bfloat16": False}
    shape = AdversaryConfig(channels=4)
    return SharpenConfig(output=str(folder), initial=str(painter_file), adversary=shape, **(fixed | changes))


def _state(painter) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in painter.state_dict().items()}


def _changed(one, other) -> set[str]:
    assert one.keys() == other.keys()
    return {name for name in one if not torch.equal(one[name], other[name])}


def test_logits_are_of_patches_of_two_sizes():
    coarse, fine = Adversary(AdversaryConfig())(torch.rand(3, 4, 48, 64))
    assert coarse.shape == (3, 1, 6, 8) and fine.shape == (3, 1, 12, 16)


def test_a_logit_sees_its_patch_and_no_more():
    adversary = Adversary(AdversaryConfig(channels=4)).eval()
    for logits, side in zip(adversary(planes := torch.rand(1, 4, 96, 96, requires_grad=True)), (54, 18), strict=True):
        middle = logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2]
        (gradient,) = torch.autograd.grad(middle, planes, retain_graph=True)
        reached = gradient.abs().sum((0, 1)).nonzero()
        assert (reached.amax(0) - reached.amin(0) + 1).tolist() == [side, side]


def test_deceiving_teaches_the_painter_and_judging_the_adversary():
    adversary, made = Adversary(AdversaryConfig(channels=4)), torch.rand(2, 4, 16, 24, requires_grad=True)
    deceiving(adversary, made).backward()
    assert made.grad is not None and all(p.grad is None for p in adversary.parameters())
    made.grad = None
    judging(adversary, torch.rand(2, 4, 16, 24), made).backward()
    assert made.grad is None and all(p.grad is not None for p in adversary.parameters())


def test_an_adversary_learns_to_tell_noise_from_the_truth(views):
    adversary, batch = Adversary(AdversaryConfig(channels=8)), draw_batch(views, TINY, TearConfig(), 6, 0, 0)
    optimizer, made = torch.optim.AdamW(adversary.parameters(), 2e-3), torch.zeros(6, 4, 16, 24)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        losses.append(judging(adversary, batch.surface, made))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.8 * losses[0]


def test_all_codes_are_chosen_and_follow_from_the_generator(views, painter_file):
    painter, batch = load_painter(painter_file, torch.float32), draw_batch(views, TINY, TearConfig(), 3, 0, 0)
    one, again, other = (choose_all(painter, batch.known, 3, torch.Generator().manual_seed(k)) for k in (1, 1, 2))
    assert one.shape == (3, TINY.num_tokens, TINY.slots) and torch.equal(one, again) and not torch.equal(one, other)
    assert (one[..., : TINY.cells] < TINY.depth_codes).all() and (one < TINY.colour_codes).all()


def test_a_turn_of_the_adversary_leaves_the_finisher_and_its_rate_is_its_own(views, painter_file):
    contest = Contest(load_painter(painter_file, torch.float32), AdversaryConfig(channels=4))
    optimizer, before = contest.optimizer(1e-3, 0.0), _state(contest)
    batch = draw_batch(views, TINY, TearConfig(), 4, 0, 0)
    total, parts = contest_loss(contest, optimizer, batch, ContestConfig(), torch.Generator().manual_seed(0))
    changed = _changed(before, _state(contest))
    assert changed and all(name.startswith("adversary.") for name in changed)
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 2e-3]
    told = sum(getattr(ContestConfig(), name) * part for name, part in parts.items() if name != "judging")
    torch.testing.assert_close(total.detach(), told)


def test_only_the_finisher_changes(views, painter_file, tmp_path):
    progress = sharpen_painter(_config(tmp_path, painter_file), views, views)
    files = painter_file, tmp_path / "painter.safetensors"
    changed = _changed(*(_state(load_painter(file)) for file in files))
    assert progress.step == 5 and changed and all(name.startswith("finisher.") for name in changed)
    assert "held_sharpness_ratio" in (tmp_path / "log.jsonl").read_text()


def test_a_run_that_is_interrupted_amid_a_step_ends_as_one_in_one_go(views, painter_file, tmp_path, monkeypatch):
    whole = sharpen_painter(_config(tmp_path / "whole", painter_file), views)
    calls, before = [], signal.getsignal(signal.SIGINT)

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return deceiving(*given)

    monkeypatch.setattr(turns, "deceiving", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sharpen_painter(_config(tmp_path / "parts", painter_file), views)
    monkeypatch.undo()
    assert len(calls) == 3 and signal.getsignal(signal.SIGINT) is before
    resumed = sharpen_painter(_config(tmp_path / "parts", painter_file), views)
    assert resumed.step == whole.step and not _changed(_state(whole.network), _state(resumed.network))
    files = [(tmp_path / name / "painter.safetensors").read_bytes() for name in ("whole", "parts")]
    assert files[0] == files[1]


def test_a_run_without_a_painter_is_refused_before_views_are_prepared(views, tmp_path, capsys):
    with pytest.raises(ValueError) as raised:
        sharpen_painter(_config(tmp_path / "run", ""), views)
    assert str(raised.value) == NO_PAINTER
    assert main(["sharpen-painter", "recordings=[nowhere]"]) == 2
    assert capsys.readouterr().err == f"wm-gym sharpen-painter: {NO_PAINTER}\n"
    assert not (tmp_path / "run").exists()


def test_a_batch_has_a_half_of_each_kind():
    with pytest.raises(ValueError) as raised:
        SharpenConfig(batch=1)
    assert str(raised.value) == "batch must be at least 2, half of true codes and half of chosen ones, got 1"
