"""Pieces of walks, what is given, students and their rollouts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_pieces import PACKING, TINY, network, pieces, walks
from wall_clip import wall_clip

from wm_gym.backends.video.codec import HINT_CHANNELS
from wm_gym.train_world.data.captions import Captions, Interval
from wm_gym.train_world.distilling.given import Given, predict
from wm_gym.train_world.distilling.student import few_steps, last_frame, make_chunk, rolled_to
from wm_gym.train_world.distilling.walks import draw_pieces, given_of, pieces_at, teacher_forced, walks_of
from wm_gym.train_world.recipes.teacher import without_hints


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_batch_depends_on_seed_and_number_alone():
    first, again, other = pieces(2), pieces(2), pieces(2, number=1)
    assert torch.equal(first.clean, again.clean)
    assert not torch.equal(first.clean, other.clean)


def test_a_piece_in_a_mirror_is_the_piece_mirrored():
    clips, firsts = np.array([0]), np.array([1])
    plain = pieces_at(walks(), PACKING, clips, firsts, 2, 1)
    mirrored = pieces_at(walks(), PACKING, clips, firsts, 2, 1, np.array([True]))
    assert torch.equal(mirrored.clean, plain.clean.flip(-1))
    hints, flipped = (given_of(p, p.before, 0, 2, TINY, PACKING).hints for p in (plain, mirrored))
    seen, seen_flipped = (h.unflatten(2, (-1, HINT_CHANNELS))[:, :, :, 4] for h in (hints, flipped))
    assert torch.equal(seen_flipped, seen.flip(-1))


def test_pieces_longer_than_walks_are_refused():
    with pytest.raises(ValueError, match="walks must have at least 51 frames for such pieces, got 13"):
        draw_pieces(walks(), PACKING, 1, 50, 1, 0, 0)


def test_the_hint_before_a_turn_lines_up_with_the_truth():
    batch = pieces(1, count=8)
    given = given_of(batch, batch.before, 0, 1, TINY, PACKING)
    hints = given.hints.unflatten(2, (-1, HINT_CHANNELS))[:, 0, 0]
    assert hints.shape == (8, HINT_CHANNELS, 16, 24)
    assert (hints[:, 4].flatten(1).mean(1) > 0.5).all()  # they turn by little


def test_in_a_causal_pass_the_past_does_not_see_what_comes():
    batch, net = pieces(3), network()
    given = teacher_forced(batch, 1, TINY, PACKING)
    sigma = torch.full((3, 3), 0.5)
    one = predict(net, batch.clean, sigma, given)
    changed = batch.clean.clone()
    changed[:, 2] += 1
    other = predict(net, changed, sigma, given)
    assert torch.allclose(one[:, :2], other[:, :2], atol=1e-6)
    assert not torch.allclose(one[:, 2], other[:, 2], atol=1e-3)


def test_in_a_chunk_all_see_all():
    batch, net = pieces(3), network()
    given, sigma = given_of(batch, batch.before, 0, 3, TINY, PACKING), torch.full((3, 3), 0.5)
    changed = batch.clean.clone()
    changed[:, 2] += 1
    one, other = predict(net, batch.clean, sigma, given), predict(net, changed, sigma, given)
    assert not torch.allclose(one[:, 0], other[:, 0], atol=1e-5)


def test_chunks_joined_keep_the_prompts_of_each_sample():
    batch = pieces(2)
    parts = [given_of(batch, batch.before, k, 1, TINY, PACKING) for k in range(2)]
    named = [Given(p.hints, p.camera, p.action, p.times, [f"{n}.{k}" for n in range(3)]) for k, p in enumerate(parts)]
    assert Given.cat(named, 1).prompts == ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1"]


def test_a_chunk_without_control_says_nothing_of_where_it_is():
    batch = pieces(1)
    given = given_of(batch, batch.before, 0, 1, TINY, PACKING).without_control()
    assert not given.hints.any()
    assert not given.camera.any()
    assert not given.action.any()


def test_gradients_flow_through_the_last_step_alone():
    batch, net = pieces(1), network()
    given = given_of(batch, batch.before, 0, 1, TINY, PACKING)
    made = few_steps(net, given, (1.0, 0.5), generator())
    made.sum().backward()
    gradient = net.transformer.proj_out.weight.grad.clone()
    assert gradient.abs().sum() > 0
    assert torch.equal(few_steps(net, given, (1.0, 0.5), generator()), made)


def test_a_student_that_exits_early_has_made_fewer_steps():
    batch, net = pieces(1), network()
    given = given_of(batch, batch.before, 0, 1, TINY, PACKING)
    early, one = few_steps(net, given, (1.0, 0.5), generator(), 0), few_steps(net, given, (1.0,), generator())
    assert torch.equal(early, one)


def test_a_rollout_starts_each_chunk_from_its_own_last_frame():
    batch, net = pieces(3), network()
    third = make_chunk(net, batch, 2, 1, (1.0,), generator())
    step = generator()
    planes = batch.before
    for number in range(2):
        planes = last_frame(few_steps(net, given_of(batch, planes, number, 1, TINY, PACKING), (1.0,), step).detach())
    again = few_steps(net, given_of(batch, planes, 2, 1, TINY, PACKING), (1.0,), step)
    assert torch.equal(third.latents, again)
    assert torch.equal(third.true, batch.clean[:, 2:])


def test_a_rollout_to_the_first_chunk_is_the_true_frame():
    batch = pieces(2)
    given = rolled_to(network(), batch, 0, 1, (1.0,), generator())
    assert torch.equal(given.hints, given_of(batch, batch.before, 0, 1, TINY, PACKING).hints)


def test_where_nothing_was_seen_there_is_no_hint():
    batch = pieces(2)
    given = given_of(batch, None, 0, 2, TINY, PACKING)
    assert given.hints.shape == given_of(batch, batch.before, 0, 2, TINY, PACKING).hints.shape
    assert not given.hints.any()
    assert given.camera.any()


def test_a_cold_rollout_does_not_see_the_true_frame():
    batch, net, cold = pieces(2), network(), torch.tensor([True, False, True])
    other = replace(batch, before=-batch.before)
    one, two = (make_chunk(net, one, 1, 1, (1.0,), generator(), cold=cold).latents for one in (batch, other))
    assert torch.equal(one[cold], two[cold])
    assert not torch.equal(one[~cold], two[~cold])


def test_a_share_of_samples_has_no_hints():
    batch = pieces(1, count=200)
    given = given_of(batch, batch.before, 0, 1, TINY, PACKING)
    kept = without_hints(given, 0.3, generator()).hints.flatten(1).any(1).float().mean()
    assert 0.6 < kept < 0.8
    assert torch.equal(without_hints(given, 0.0, generator()).hints, given.hints)


def test_a_camera_in_every_block_begins_as_one_that_enters_once():
    batch, plain = pieces(2), network()
    blocks = network(config=replace(TINY, camera_blocks=True, cache_update="last"))
    missing = blocks.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert {name.split(".")[3] for name in missing} == {"cam_scale", "cam_shift"}
    given, sigma = given_of(batch, batch.before, 0, 2, TINY, PACKING), torch.full((3, 2), 0.5)
    with torch.no_grad():
        for name in missing:
            blocks.get_parameter(name).zero_()
        assert torch.allclose(predict(blocks, batch.clean, sigma, given), predict(plain, batch.clean, sigma, given))
        for name in missing:
            blocks.get_parameter(name).normal_(0, 0.1)
        turned = replace(given, camera=given.camera.flip(2))
        one, other = (predict(blocks, batch.clean, sigma, each) for each in (given, turned))
    assert not torch.allclose(one, other, atol=1e-3)


def test_a_camera_in_every_block_needs_the_cache_of_the_last_step():
    with pytest.raises(ValueError, match="cache_update must be 'last' with camera_blocks, got 'clean'"):
        replace(TINY, camera_blocks=True, cache_update="clean")


def told_clip():
    """A wall whose captions tell a scene, a turn until half of it, and then another."""
    turns = tuple(
        Interval(k * 0.7, (k + 1) * 0.7, "turn", f"It turns {way}.") for k, way in enumerate(("left", "right"))
    )
    return replace(wall_clip(0), captions=Captions("", "A bright wall.", turns))


def test_pieces_are_told_by_the_layers_of_captions():
    batch = draw_pieces(walks_of([told_clip()], 2, captions=True), PACKING, 60, 2, 1, 0, 0)
    told = {prompt for prompts in batch.prompts for prompt in prompts}
    assert {"A bright wall.", "It turns left.", "A bright wall. It turns left.", "It turns right."} <= told
    given = given_of(batch, batch.before, 1, 1, TINY, PACKING)
    assert given.prompts == [prompts[1] for prompts in batch.prompts]


def test_what_is_told_of_left_and_right_is_not_mirrored():
    batch = draw_pieces(walks_of([told_clip()], 2, captions=True), PACKING, 20, 1, 1, 0, 0)
    assert torch.equal(
        batch.before[0], pieces_at(walks_of([told_clip()], 2), PACKING, *np.zeros((2, 1), int), 1, 1).before[0]
    )


def test_without_captions_nothing_is_told():
    assert pieces(2).prompts == [["", ""]] * 3
