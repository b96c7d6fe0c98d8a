"""The kernels compiled for the CPU give what torch gives: outside inference mode every function takes torch's way."""

import numpy as np
import pytest
import torch

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.compiled import CompiledNetwork
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.model import VideoModel
from wm_gym.backends.video.steering import steer, steer_on_cpu
from wm_gym.backends.video.weights import find_weights, load_weights
from wm_gym.geometry.poses import exp
from wm_gym.memory.hints import Hints
from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.reconstruction.blend_colours import blend_colours
from wm_gym.reconstruction.blend_depth import blend_depth
from wm_gym.scenes.named import open_named
from wm_gym.world.world import World

SHAPE = (2, 4, 24, 32)


@pytest.fixture(scope="module")
def model():
    return VideoModel(load_weights(find_weights(36, 48), dtype=torch.float32))


def _hints(seed=0):
    rng = torch.Generator().manual_seed(seed)

    def chance(share):
        return torch.rand(SHAPE, generator=rng) < share

    return Hints(
        colour=torch.randint(0, 256, (*SHAPE, 3), generator=rng, dtype=torch.uint8),
        log_depth=torch.rand(SHAPE, generator=rng) * 4,
        seen=chance(0.7),
        moving=chance(0.3),
        age=torch.randint(0, 900, SHAPE, generator=rng, dtype=torch.int32),
        same_appearance=chance(0.8),
        area=torch.rand(SHAPE, generator=rng),
        from_behind=chance(0.1),
    )


def _both(function):
    """What a function gives by torch and, in inference mode, by its kernel."""
    plain = function()
    with torch.inference_mode():
        return plain, function()


def test_colours_are_blended_alike():
    rng, hints = torch.Generator().manual_seed(1), _hints()
    frames = torch.randint(0, 256, (*SHAPE, 3), generator=rng, dtype=torch.uint8)
    moving, completed = hints.moving & hints.seen, torch.rand(SHAPE, generator=rng) < 0.2
    plain, fast = _both(lambda: blend_colours(frames, moving, hints, completed))
    assert (plain.int() - fast.int()).abs().max() <= 1


@pytest.mark.parametrize("share_moving", [0.0, 0.3], ids=["still", "moving"])
def test_depths_are_blended_alike(share_moving):
    rng, hints = torch.Generator().manual_seed(2), _hints()
    depth, moving = torch.rand(SHAPE, generator=rng) * 99 + 0.5, torch.rand(SHAPE, generator=rng) < share_moving
    plain, fast = _both(lambda: blend_depth(depth, moving, hints, 100.0))
    torch.testing.assert_close(plain, fast, rtol=1e-4, atol=1e-4)


def test_frames_and_hints_are_packed_alike():
    codec, hints = SpaceToDepthCodec(0.2, 100.0), _hints()
    channels = torch.randn(2, 4 * 5, 24, 32, generator=torch.Generator().manual_seed(3))
    for plain, fast in zip(*_both(lambda: codec.decode(channels)), strict=True):
        torch.testing.assert_close(
            plain.float(), fast.float(), rtol=1e-5, atol=1.0 if plain.dtype == torch.uint8 else 1e-5
        )
    torch.testing.assert_close(*_both(lambda: codec.encode_hints(hints)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "compressed"])
def test_cameras_are_steered_alike(compress):
    rng = torch.Generator().manual_seed(4)
    path = exp(torch.randn(2, 9, 6, generator=rng).double()).float()
    origin = exp(torch.randn(2, 6, generator=rng).double()).float()
    lens = torch.tensor([[30.0, 31, 16, 12]]).expand(2, 4)
    keys = torch.rand(2, 8, 8, generator=rng) < 0.3
    shape = {"length": 2, "grid": (3, 4), "patch": 8, "compress": compress}
    inputs = path, origin, lens, keys
    for plain, fast in zip(steer(*inputs, **shape), steer_on_cpu(*inputs, **shape), strict=True):
        torch.testing.assert_close(plain, fast, rtol=1e-3, atol=1e-4)


def test_the_compiled_network_walks_through_the_same_frames_as_torchs(model):
    slow = VideoModel(model.network)
    slow._compiled = None
    walks = [_walk(each) for each in (model, slow)]
    assert model._compiled is not None
    assert np.abs(walks[0].astype(int) - walks[1]).max() <= 2


def _walk(model):
    world = World(model)
    state, outcome = world.start([open_named(model.spec, "city/9", 0, "full", 1)], [5])
    frames = [outcome.chunk.frames.numpy()]
    for _ in range(6):
        state, outcome = world.step(state, np.tile([0.5, 0.0, 0.0, 0.1], (1, model.spec.frames_per_step, 1)))
        frames.append(outcome.chunk.frames.numpy())
    return np.concatenate(frames, 1)


def test_one_prediction_at_any_noise_level_is_torchs(model):
    network, seen = model.network, []

    def spy(noisy, metadata, conditioning):
        seen.append((noisy, metadata, conditioning))
        return CompiledNetwork(network)(noisy, metadata, conditioning)

    other = VideoModel(network)
    other._compiled = spy
    _walk(other)
    noisy, metadata, conditioning = seen[-1]
    metadata = FrameMetadata.of_chunk(metadata.time, 0.5, Role.TARGET)
    with torch.inference_mode(), own_arithmetic():
        plain, kv = network(noisy, metadata, conditioning)
        fast, new = CompiledNetwork(network)(noisy, metadata, conditioning)
    torch.testing.assert_close(plain, fast, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(kv.keys, new.keys, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(kv.values, new.values, rtol=1e-3, atol=1e-3)
