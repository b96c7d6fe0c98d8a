"""Several latents a chunk: they are denoised together, see each other and the past, and never the future."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_in_device import NAME, stand_in

from wm_gym.backends.video.cache import append
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role, may_attend
from wm_gym.backends.video.model import VideoModel
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.sampler import draw_noise
from wm_gym.backends.video.transformer import NewKV
from wm_gym.completion.pipeline import Completion
from wm_gym.scenes.named import open_named
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.world import World

LENGTH = 3
TINY = VideoConfig(
    height=24, width=32, latents_per_chunk=LENGTH, window_latents=4, sink_latents=1, num_steps=2, num_layers=2,
    num_heads=2, head_dim=32, ffn_dim=128, text_dim=32, text_vocabulary=256, text_tokens=8, refiner_channels=8,
)  # fmt: skip
STREAMING = {"codec": "streaming", "refiner_channels": 0}


def _network(config):
    torch.manual_seed(0)
    network = VideoNetwork(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network


@pytest.fixture(
    scope="module",
    params=[{}, {"cache_update": "last"}, {"hint_concat": "frame"}, {"camera_frame": "world"}, STREAMING],
    ids=lambda changed: "-".join(map(str, changed.values())) or "plain",
)
def world(request):
    return World(VideoModel(_network(replace(TINY, **request.param))), completion=Completion())


def _open(world, seeds):
    return world.start([open_named(world.model.spec, "city/9", 0, "full", 1) for _ in seeds], list(seeds))


def _turning(count, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (count, 4 * LENGTH, 4))


def test_a_chunk_has_all_frames_of_its_latents(world):
    state, _ = _open(world, [1])
    state, outcome = world.step(state, _turning(1))
    assert world.model.spec.frames_per_step == 12 and world.model.spec.latents_per_step == LENGTH
    assert outcome.chunk.frames.shape == (1, 12, 24, 32, 3) and outcome.chunk.depth.shape == (1, 12, 24, 32)
    assert state.model[0].time == 2 * LENGTH


def test_a_world_of_three_is_the_world_alone(world):
    together, _ = _open(world, [1, 2, 3])
    alone, _ = _open(world, [2])
    for step in range(3):
        together, outcome = world.step(together, _turning(3, step)[[0, 0, 0]])
        alone, single = world.step(alone, _turning(3, step)[:1])
        assert torch.equal(outcome.chunk.frames[1:2], single.chunk.frames)
        assert torch.equal(outcome.chunk.depth[1:2], single.chunk.depth)


def test_forks_go_the_same_way_and_saved_worlds_go_on(world):
    state, _ = world.step(_open(world, [1])[0], _turning(1))
    fork = world.select(state, [0, 0])
    back, _ = from_bytes(to_bytes(state, world), world)
    _, one = world.step(state, _turning(1, 1))
    _, both = world.step(fork, _turning(1, 1)[[0, 0]])
    _, other = world.step(back, _turning(1, 1))
    for frames in (both.chunk.frames[:1], both.chunk.frames[1:], other.chunk.frames):
        assert torch.equal(frames, one.chunk.frames)


def test_the_cache_keeps_the_window_and_the_sinks_counted_in_latents(world):
    state, _ = _open(world, [1])
    for step in range(4):
        state, _ = world.step(state, _turning(1, step))
    blocks, config = state.model[0].blocks, world.model.config
    last = state.model[0].time - 1 - (LENGTH if config.cache_update == "clean" else 0)
    assert [b.time for b in blocks] == [0, *range(last - config.window_latents + 1, last + 1)]
    assert [b.role for b in blocks] == [Role.SINK] + [Role.PAST] * config.window_latents


def test_a_prompt_of_one_latent_changes_the_whole_chunk(world):
    state, _ = _open(world, [1])
    condition, shown = _condition(world, state), []
    for text in ("a street", "thick fog rolls in"):
        prompts = [["a street"] * (LENGTH - 1) + [text]]
        shown.append(world.model.step(state.model, replace(condition, prompts=prompts))[1].frames)
    assert all((one != other).any() for one, other in zip(*(frames.chunk(LENGTH, 1) for frames in shown), strict=True))


def _condition(world, state):
    """What the loop asks of the model in a step."""
    asked, step = [], world.model.step

    def watched(model_state, condition):
        asked.append(condition)
        return step(model_state, condition)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.model, "step", watched)
        world.step(state, _turning(1))
    return asked[0]


@pytest.mark.parametrize("attention", ["plain", "sdpa"])
@pytest.mark.parametrize("device", [NAME, pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("changed", [{}, {"cache_update": "last"}, {"hint_concat": "frame"}, STREAMING])
def test_a_world_shows_the_same_on_every_device(changed, device, attention):
    def walked(device):
        model = VideoModel(_network(replace(TINY, **changed)).to(device), attention=attention)
        world = World(model, completion=Completion())
        state, _ = world.step(_open(world, [1, 2])[0], _turning(2))
        state, _ = from_bytes(to_bytes(state, world), world)
        return world.step(state, _turning(2, 1))[1].chunk

    here = walked("cpu")
    with stand_in():
        there = walked(device)
    for name in ("frames", "depth", "moving"):
        one, other = getattr(here, name), getattr(there, name)
        assert type(other) is torch.Tensor  # moved back
        assert ((one.float() - other.float()).abs() <= 1).float().mean() > 0.99, name


chunks_of_times = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6))


@settings(max_examples=60, deadline=None)
@given(chunks_of_times)
def test_the_mask_is_causal_over_chunks_and_full_within(shape):
    length, count, window = shape
    time = torch.arange(length * count)[None]
    frames = FrameMetadata.of(time, 0.0, Role.TARGET, time - time % length)
    allowed = may_attend(frames, frames, window)[0]
    for query in range(length * count):
        first = query - query % length
        seen = {*range(max(0, first - window), first), *range(first, first + length)}
        assert set(allowed[query].nonzero().flatten().tolist()) == seen


@pytest.mark.parametrize("cache_update", ["clean", "last"])
@torch.no_grad()
def test_latents_of_a_chunk_reach_each_other_and_not_the_chunk_before(cache_update):
    network = _network(replace(TINY, cache_update=cache_update)).eval()
    size = network.latent_shape[1:]
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(2 * LENGTH)[None]
    latents, hints = (torch.randn(1, 2 * LENGTH, c, *size, generator=generator) for c in (20, 32))
    camera, action = (torch.randn(1, 2 * LENGTH, *s, generator=generator) for s in ((12, 24), (32,)))
    metadata = FrameMetadata.of(time, 0.5, Role.TARGET, time - time % LENGTH)

    def mixed(latents):
        tokens = network.transformer.patchify(latents, metadata, hints=hints, camera=camera, action=action)
        prompt = network.encode_prompts(["a street"])
        x, _ = network.transformer.run_blocks(tokens, prompt, (3, 4), past=None, window=4, base_time=None)
        return x.unflatten(1, (2 * LENGTH, -1))

    changed = latents.clone()
    changed[:, -1] += 1.0
    differs = (mixed(latents) != mixed(changed)).flatten(2).any(2)[0].tolist()
    assert differs == [False] * LENGTH + [True] * LENGTH


def test_noise_of_a_latent_frame_does_not_depend_on_its_chunk():
    chunk = draw_noise((4,), [5], [[6, 7, 8]])
    for k in range(LENGTH):
        assert torch.equal(chunk[:, k], draw_noise((4,), [5], [[6 + k]])[:, 0])


def test_a_chunk_longer_than_the_window_leaves_its_last_latents():
    zeros = torch.zeros(2, 1, LENGTH, 4, 8)
    blocks = append([()], NewKV(zeros, zeros), torch.tensor([[0, 1, 2]]), window=1, sinks=1)[0]
    assert [(b.time, b.role) for b in blocks] == [(0, Role.SINK), (2, Role.PAST)]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"latents_per_chunk": 0}, "latents_per_chunk must be at least 1, got 0"),
        ({"frames_per_latent": 0}, "frames_per_latent must be at least 1, got 0"),
        ({"camera_frame": "body"}, "camera_frame must be 'chunk' or 'world', got 'body'"),
    ],
)
def test_chunks_that_cannot_be_are_refused(setting, message):
    with pytest.raises(ValueError) as raised:
        replace(TINY, **setting)
    assert str(raised.value) == message
