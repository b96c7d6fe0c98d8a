import numpy as np
import pytest
import torch

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.codecs import ExactCodec
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.model import VideoModel
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.packing import nbytes
from wm_gym.backends.video.streaming import StreamingCodec, StreamingConfig, filled
from wm_gym.backends.video.weights import load_codec, load_weights, save_codec, save_weights
from wm_gym.memory.render import blank_hints
from wm_gym.scenes.named import open_named
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.world import World

SMALL = StreamingConfig(latent_channels=8, scale=4, width=8, depth=1)
FOLD = SpaceToDepthCodec(0.2, 100.0)
# as wide as what ships: whether a product is the same for every batch depends on its shape
VIDEO = VideoConfig(num_layers=1, codec="streaming", refiner_channels=0)


def _shaken(module):
    """The module with every parameter moved off its initialisation."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return module


@pytest.fixture(scope="module")
def codec():
    torch.manual_seed(0)
    return _shaken(StreamingCodec(SMALL, FOLD, 4)).requires_grad_(False)


@pytest.fixture(scope="module")
def clip():
    return torch.rand(2, 5, 20, 16, 24, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_encoding_chunk_by_chunk_equals_encoding_the_clip_at_once(codec, clip):
    start = codec.start(2, 16, 24)
    whole, end = codec.encode_clip(clip, start)
    state, latents = start, []
    for channels in clip.split(1, 1):
        latent, state = codec.encode(channels, state)
        latents.append(latent)
    torch.testing.assert_close(torch.cat(latents, 1), whole, atol=1e-5, rtol=0)
    for one, other in zip(state, end, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_decoding_chunk_by_chunk_equals_decoding_the_clip_at_once(codec, clip):
    start = codec.start(2, 16, 24)
    latents, _ = codec.encode_clip(clip, start)
    whole, _ = codec.decode_clip(latents, start)
    state, chunks = start, []
    for latent in latents.split(1, 1):
        channels, state = codec.decode(latent, state)
        chunks.append(channels)
    torch.testing.assert_close(torch.cat(chunks, 1), whole, atol=1e-5, rtol=0)


def test_the_future_changes_nothing_and_the_past_does(codec, clip):
    start = codec.start(2, 16, 24)
    latents, _ = codec.encode_clip(clip, start)
    decoded, _ = codec.decode_clip(latents, start)
    other = clip.clone()
    other[:, 3:] = 0
    torch.testing.assert_close(codec.encode_clip(other, start)[0][:, :3], latents[:, :3])
    changed = latents.clone()
    changed[:, 2] = 0
    again, _ = codec.decode_clip(changed, start)
    torch.testing.assert_close(again[:, :2], decoded[:, :2])
    assert not torch.allclose(again[:, 3], decoded[:, 3])


def test_encoding_and_decoding_a_latent_frame_leave_the_same_state(codec, clip):
    start = codec.start(2, 16, 24)
    latent, encoded = codec.encode(clip[:, :1], start)
    _, decoded = codec.decode(latent, start)
    for one, other in zip(encoded[1:], decoded[1:], strict=True):
        assert torch.equal(one, other)


def test_exact_patches_have_no_state_and_change_nothing(clip):
    exact = ExactCodec(FOLD, 4)
    assert exact.start(2, 16, 24) == ()
    latent, state = exact.encode(clip, ())
    assert torch.equal(latent, clip)
    assert torch.equal(exact.decode(latent, state)[0], clip)


@pytest.mark.parametrize("codec_of", [lambda: ExactCodec(FOLD, 4), lambda: StreamingCodec(SMALL, FOLD, 4)])
def test_what_a_codec_says_of_its_shapes_is_so(codec_of, clip):
    one = codec_of()
    state = one.start(2, 16, 24)
    size = 16 // one.scale, 24 // one.scale
    latents, state = one.encode(clip[:, :3], state)
    hint_channels = FOLD.encode_hints(blank_hints(2, 12, 16, 24, torch.device("cpu"))).unflatten(1, (3, -1))
    hints = one.encode_hints(hint_channels, state)
    assert latents.shape == (2, 3, one.latent_channels, *size)
    assert hints.shape == (2, 3, one.hint_channels, *size)
    assert one.hint_prior(hints).shape == latents.shape
    assert one.decode(latents, state)[0].shape == clip[:, :3].shape


def test_the_prior_of_hints_that_show_the_truth_is_its_latents(codec, clip):
    state = codec.encode(clip[:, :1], codec.start(2, 16, 24))[1]
    truth = clip[:, 1:].unflatten(2, (4, 5)).clone()
    truth[:, :, :, 4] = truth[:, :, :, 4].sign()
    ones = torch.ones_like(truth[:, :, :, :1])
    hints = torch.cat([truth[:, :, :, :4], ones, truth[:, :, :, 4:], 0 * ones, ones], 3).flatten(2, 3)
    hint_prior = codec.hint_prior(codec.encode_hints(hints, state))
    torch.testing.assert_close(hint_prior, codec.encode(truth.flatten(2, 3), state)[0])


def test_holes_are_filled_from_around_them():
    image = torch.zeros(1, 1, 6, 10)
    image[..., :5], image[..., 5:] = -0.5, 0.5
    seen = torch.ones(1, 1, 6, 10)
    seen[..., 2:4, 1:4], seen[..., 2:4, 6:9] = 0, 0
    torch.testing.assert_close(filled(torch.where(seen > 0, image, 9.0), seen)[..., 1:4], image[..., 1:4])
    assert not filled(image, 0 * seen).any()


def _network(dtype=torch.bfloat16):
    torch.manual_seed(0)
    return _shaken(VideoNetwork(VIDEO)).to(dtype)


@pytest.fixture(scope="module")
def world():
    return World(VideoModel(_network()))


def _open(world, numbers):
    openings = [open_named(world.model.spec, f"rooms/{10 * k - 1}", 0, "full", 1) for k in numbers]
    return world.start(openings, list(numbers))


def _turning(count):
    return np.tile([0.5, 0.0, 0.5, 0.0], (count, 4, 1))


def test_with_a_learned_codec_a_world_of_three_equals_the_world_alone(world):
    together, outcome = _open(world, [1, 2, 3])
    alone, single = _open(world, [2])
    for _ in range(4):
        together, outcome = world.step(together, _turning(3))
        alone, single = world.step(alone, _turning(1))
        assert torch.equal(outcome.chunk.frames[1:2], single.chunk.frames)
        assert torch.equal(outcome.chunk.depth[1:2], single.chunk.depth)


def test_with_a_learned_codec_a_state_survives_bytes_and_forks(world):
    state, _ = _open(world, [1, 2])
    state, _ = world.step(state, _turning(2))
    before = [part.clone() for part in state.model[0].codec]
    back, _ = from_bytes(to_bytes(state, world), world)
    after, one = world.step(state, _turning(2))
    _, other = world.step(back, _turning(2))
    assert torch.equal(one.chunk.frames, other.chunk.frames)
    assert all(torch.equal(x, y) for x, y in zip(before, state.model[0].codec, strict=True))
    assert not torch.equal(after.model[0].codec[1], before[1])
    fork = world.model.select(state.model, [1, 1])
    assert fork[0].codec is fork[1].codec
    assert nbytes(state.model) > sum(part.nbytes for part in before)


def test_weights_of_a_model_hold_its_codec(tmp_path):
    network = _network()
    save_weights(tmp_path / "w.safetensors", network)
    back = load_weights(tmp_path / "w.safetensors")
    assert back.config == network.config
    assert isinstance(back.codec, StreamingCodec) and isinstance(network.codec, StreamingCodec)
    for name, tensor in network.codec.state_dict().items():
        assert torch.equal(back.codec.state_dict()[name], tensor)


def test_a_codec_survives_the_disk_and_is_no_model(tmp_path, codec):
    path = tmp_path / "codec.safetensors"
    save_codec(path, codec)
    back = load_codec(path)
    assert (back.config, back.packing, back.num_frames) == (SMALL, FOLD, 4)
    with pytest.raises(ValueError) as raised:
        load_weights(path)
    assert str(raised.value) == f"weights {path} must be wm_gym.video version 1, got wm_gym.codec version 1"


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (VideoConfig, {"codec": "wavelet"}, "codec must be 'space_to_depth' or 'streaming', got 'wavelet'"),
        (VideoConfig, {"codec": "streaming"}, "refiner_channels must be 0 with codec 'streaming', got 32"),
        (
            VideoConfig,
            {"codec": "streaming", "refiner_channels": 0, "patch": 4},
            "patch must be a multiple of the codec's scale (8), got 4",
        ),
        (StreamingConfig, {"scale": 3}, "scale must be even and at least 2, got 3"),
        (StreamingConfig, {"width": 0}, "width must be at least 1, got 0"),
    ],
)
def test_bad_settings_of_codecs_are_refused(config, settings, message):
    with pytest.raises(ValueError) as raised:
        config(**settings)
    assert str(raised.value) == message
