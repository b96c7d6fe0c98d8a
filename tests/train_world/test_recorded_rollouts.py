"""A student's rollouts through `World`, and their gradients chunk by chunk."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_pieces import TINY, network

from wm_gym.completion.pipeline import Completion
from wm_gym.entities.drawing import EventDrawing
from wm_gym.scenes.named import open_named
from wm_gym.train_world.distilling.recording import RecordedModel, backward_by_chunk, rolled_out
from wm_gym.world.world import World

TWO_STEPS = replace(TINY, num_steps=2, sigmas=(1.0, 0.5), renoise=True)


@pytest.fixture(params=["clean", "last"])
def student(request):
    return network(config=replace(TWO_STEPS, cache_update=request.param))


def rolled(student, chunks, keep=10):
    model = RecordedModel(student, keep)
    world = World(model, completion=Completion(), drawing=EventDrawing())
    state, _ = world.start([open_named(model.spec, f"rooms/{n}", 0, "full", 1) for n in (9, 19)], [1, 2])
    return rolled_out(world, model, state, [np.tile([0.3, 0.0, 1.0, 0.0], (2, 1, 1))] * chunks)[1]


def target(latents, given):
    assert latents.shape[0] == given.times.shape[0] == 2
    return (latents - 0.3).square().mean()


def gradients(student):
    return {name: p.grad.clone() for name, p in student.named_parameters() if p.grad is not None}


def test_a_recorded_chunk_runs_again_to_what_was_shown(student):
    chunks = rolled(student, 3)
    seen = []
    handle = student.register_forward_hook(lambda _m, _i, out: seen.append(out[0].detach().clamp(-1, 1)))
    again = rolled(student, 3)  # each chunk takes two passes, of which the last is kept
    handle.remove()
    for chunk, other, shown in zip(chunks, again, seen[-5::2], strict=True):
        assert torch.equal(chunk.noisy, other.noisy)
        assert torch.allclose(chunk.run(student), shown, atol=1e-5)


def test_gradients_chunk_by_chunk_are_those_of_one_graph_with_detached_caches(student):
    chunks = rolled(student, 4)
    whole = torch.stack([target(chunk.run(student), chunk.given) for chunk in chunks]).mean()
    whole.backward()
    expected = gradients(student)
    student.zero_grad(set_to_none=True)
    loss = backward_by_chunk(student, chunks, target)
    assert loss == pytest.approx(float(whole.detach()), abs=1e-6)
    for name, gradient in gradients(student).items():
        assert torch.allclose(gradient, expected[name], atol=1e-6), name


class Kept:
    """A tensor that a graph keeps; counts the bytes of all of them."""

    now = most = 0

    def __init__(self, tensor):
        self.tensor = tensor
        Kept.now += tensor.nbytes
        Kept.most = max(Kept.most, Kept.now)

    def __del__(self):
        Kept.now -= self.tensor.nbytes


def most_kept(student, chunks):
    """Bytes that graphs keep at once, at most."""
    Kept.now = Kept.most = 0
    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.tensor):
        backward_by_chunk(student, chunks, target)
    return Kept.most


def test_what_graphs_keep_does_not_grow_with_the_chunks(student):
    few, many = (most_kept(student, rolled(student, count)[-kept:]) for count, kept in ((4, 1), (8, 5)))
    assert 0 < many <= 1.1 * few


def test_the_last_chunks_alone_are_kept(student):
    chunks = rolled(student, 4, keep=2)
    assert [chunk.given.times[0, 0].item() for chunk in chunks] == [3, 4]
