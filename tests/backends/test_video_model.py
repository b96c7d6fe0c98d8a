from dataclasses import replace

import numpy as np
import pytest
import torch

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.model import VideoModel
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.sampler import denoise, draw_noise, even_sigmas
from wm_gym.backends.video.weights import load_weights, save_weights
from wm_gym.memory.render import blank_hints
from wm_gym.scenes.named import open_named
from wm_gym.text.encoder import TextEncoder
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.world import World

# as wide as what ships: whether a matrix product is the same for every batch depends on its shape
SMALL = VideoConfig(num_layers=2)


def _network(config=SMALL, dtype=torch.bfloat16):
    torch.manual_seed(0)
    network = VideoNetwork(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network.to(dtype)


@pytest.fixture(scope="module", params=[("channel", "clean"), ("frame", "clean"), ("channel", "last")], ids="-".join)
def world(request):
    hint_concat, cache_update = request.param
    return World(VideoModel(_network(replace(SMALL, hint_concat=hint_concat, cache_update=cache_update))))


def _open(world, numbers):
    openings = [open_named(world.model.spec, f"rooms/{10 * k - 1}", 0, "full", 1) for k in numbers]
    return world.start(openings, list(numbers))


def _turning(count):
    return np.tile([0.5, 0.0, 0.5, 0.0], (count, 4, 1))


def test_a_world_of_three_equals_the_world_alone_to_the_byte(world):
    together, outcome = _open(world, [1, 2, 3])
    alone, single = _open(world, [2])
    for _ in range(5):
        together, outcome = world.step(together, _turning(3))
        alone, single = world.step(alone, _turning(1))
        assert torch.equal(outcome.chunk.frames[1:2], single.chunk.frames)
        assert torch.equal(outcome.chunk.depth[1:2], single.chunk.depth)


def test_a_state_survives_bytes(world):
    state, _ = _open(world, [1, 2])
    state, _ = world.step(state, _turning(2))
    back, _ = from_bytes(to_bytes(state, world), world)
    for _ in range(3):
        state, one = world.step(state, _turning(2))
        back, other = world.step(back, _turning(2))
        assert torch.equal(one.chunk.frames, other.chunk.frames)


def test_forks_share_blocks_and_the_window_is_bounded(world):
    state, _ = _open(world, [1])
    for _ in range(8):
        state, _ = world.step(state, _turning(1))
    fork = world.model.select(state.model, [0, 0])
    assert fork[0].blocks[-1] is fork[1].blocks[-1]
    assert len(state.model[0].blocks) == SMALL.window_latents + SMALL.sink_latents


def test_a_prompt_changes_what_is_generated(world):
    state, _ = _open(world, [1])
    _, one = world.step(state, _turning(1))
    _, other = world.step(state.schedule_event(0, "night falls"), _turning(1))
    assert not torch.equal(one.chunk.frames, other.chunk.frames)


def test_chunks_survive_the_codec():
    codec = SpaceToDepthCodec(0.2, 100.0)
    rng = np.random.default_rng(0)
    frames = torch.from_numpy(rng.integers(0, 256, (2, 4, 8, 8, 3), dtype=np.uint8))
    depth = torch.from_numpy(np.exp(rng.uniform(np.log(0.2), np.log(100), (2, 4, 8, 8))).astype(np.float32))
    moving = torch.from_numpy(rng.random((2, 4, 8, 8)) < 0.3)
    back = codec.decode(codec.encode(frames, depth, moving))
    assert torch.equal(back[0], frames) and torch.equal(back[2], moving)
    torch.testing.assert_close(back[1], depth, rtol=1e-4, atol=0)


def test_the_prior_of_no_hints_is_nothing():
    codec = SpaceToDepthCodec(0.2, 100.0)
    channels = codec.encode_hints(blank_hints(1, 4, 8, 8, torch.device("cpu")))
    hint_prior = codec.hint_prior(channels).unflatten(1, (4, 5))
    assert not channels.any() and not hint_prior[:, :, :4].any() and (hint_prior[:, :, 4] == -1).all()


def test_noise_comes_from_the_seed_and_the_time_alone():
    both = draw_noise((5,), [3, 4], [[7, 8], [9, 10]])
    assert torch.equal(both[1:, :1], draw_noise((5,), [4], [[9]]))
    assert not torch.equal(both[0, 0], both[0, 1])


def test_denoising_ends_at_the_last_prediction():
    goal = torch.full((1, 3), 0.25)
    asked = []

    def predict(noisy, sigma):
        asked.append(sigma)
        return goal

    assert torch.equal(denoise(torch.randn(1, 3), predict, even_sigmas(4)), goal)
    assert asked == [1.0, 0.75, 0.5, 0.25]


def test_kindred_words_lie_near_each_other():
    torch.manual_seed(0)
    encoder = TextEncoder(32, 4096, 8)
    snow, kin, other = (
        encoder.pieces(torch.tensor([_first_word(word)])) for word in ("snowing", "snowfall", "bonfire")
    )
    near, far = (torch.cosine_similarity(snow, x).item() for x in (kin, other))
    assert near > far + 0.2


def _first_word(text):
    from wm_gym.text.encoder import piece_table

    return piece_table(text, 8, 4096)[0]


def test_weights_survive_the_disk(tmp_path):
    network = _network()
    save_weights(tmp_path / "w.safetensors", network)
    back = load_weights(tmp_path / "w.safetensors")
    assert back.config == network.config
    for name, tensor in network.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor)


def test_damaged_and_foreign_weights_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(path, _network())
    whole = path.read_bytes()
    for damaged in (whole[:1000], b"nonsense", whole.replace(b"wm_gym.video", b"wm_gym.audio")):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"^weights .* must be .* got [^\n]*$"):
            load_weights(path)


def test_sizes_without_weights_are_refused():
    with pytest.raises(ValueError, match=r"resolution must be one that backend 'video' has weights for .*, got 40x40"):
        VideoModel.create(40, 40)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"height": 50}, "height and width must be multiples of the patch (8), got 50 x 64"),
        ({"hint_concat": "window"}, "hint_concat must be 'channel' or 'frame', got 'window'"),
        ({"num_steps": 0}, "num_steps must be at least 1, got 0"),
        ({"cache_update": "never"}, "cache_update must be 'clean' or 'last', got 'never'"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError) as raised:
        VideoConfig(**settings)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_steps": 1.5}, "num_steps must be an integer from 1, got 1.5"),
        ({"num_steps": True}, "num_steps must be an integer from 1, got True"),
        ({"threads": 0}, "threads must be an integer from 1, got 0"),
        ({"dtype": "float16"}, "dtype must be one of ['float32', 'bfloat16'], got 'float16'; did you mean 'bfloat16'?"),
    ],
)
def test_settings_that_mean_nothing_are_refused_in_one_sentence(settings, message):
    with pytest.raises(ValueError) as raised:
        VideoModel.create(48, 64, **settings)
    assert str(raised.value) == message


def test_a_shape_that_allows_for_no_batch_invariance_is_refused():
    with pytest.raises(ValueError) as raised:
        VideoModel(_network(VideoConfig(num_layers=1, head_dim=24)))
    assert str(raised.value) == (
        "inner_dim must be a multiple of 64 for worlds that do not depend on their batch, got 96; or set "
        "batch_invariant=False"
    )
