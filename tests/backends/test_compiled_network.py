"""The compiled network gives what torch's gives, whatever is absent from the past, and for each world alone."""

from dataclasses import replace

import pytest
import torch

from wm_gym.backends.video.compiled import CompiledNetwork, can_compile
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.backends.video.steering import action_dim
from wm_gym.backends.video.transformer import CachedKV
from wm_gym.memory.hints import Hints
from wm_gym.networks.batch_invariant import world_by_world

WORLDS = 3
CONFIG = VideoConfig(
    height=20, width=24, patch=4, num_heads=2, head_dim=16, num_layers=2, ffn_dim=40, refiner_channels=8,
    text_dim=16, window_latents=2, sink_latents=0, cache_update="last",
)  # fmt: skip


def _network(config=CONFIG):
    torch.manual_seed(0)
    network = VideoNetwork(config).eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.add_(0.05 * torch.randn_like(parameter))  # layers that begin as zeros too
    return network


def _hints(shape):
    draw = torch.Generator().manual_seed(1)
    seen, moving, same = (torch.rand(shape, generator=draw) > share for share in (0.4, 0.9, 0.2))
    return Hints(
        colour=torch.randint(0, 256, (*shape, 3), generator=draw, dtype=torch.uint8),
        log_depth=7 * torch.rand(shape, generator=draw) - 2,
        seen=seen,
        moving=moving & seen,
        age=torch.randint(0, 400, shape, generator=draw, dtype=torch.int32),
        same_appearance=same & seen,
        area=torch.ones(shape),
        from_behind=~seen,
    )


def _conditioning(network, past_roles, base_time):
    config, draw = network.config, torch.Generator().manual_seed(2)
    rows, columns = config.grid
    channels = network.packing.encode_hints(_hints((WORLDS, config.frames_per_latent, config.height, config.width)))
    past_shape = config.num_layers, WORLDS, 2 * rows * columns, config.inner_dim
    metadata = FrameMetadata.of(torch.tensor([[3, 4]] * WORLDS), 0.0, Role.PAST)
    metadata = replace(metadata, role=torch.tensor(past_roles))
    return Conditioning(
        hints=channels[:, None],
        prompt=network.encode_prompts(["a street", "a room", "a street"]),
        camera=torch.randn(WORLDS, 1, rows * columns, 24, generator=draw),
        action=torch.randn(WORLDS, 1, action_dim(4), generator=draw),
        past=CachedKV(metadata, *(torch.randn(past_shape, generator=draw) for _ in range(2))),
        base_time=base_time,
    )


@pytest.mark.parametrize("sigma", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("past", ["whole", "absent", "none"])
def test_the_compiled_network_is_the_network(sigma, past):
    network, absent = _network(), Role.ABSENT if past == "absent" else Role.PAST
    assert can_compile(network)
    roles = [[absent, Role.PAST], [absent, absent], [Role.PAST, Role.PAST]]
    metadata = FrameMetadata.of_chunk(torch.tensor([[5], [5], [5]]), sigma, Role.TARGET)
    noisy = torch.randn(WORLDS, 1, 20, CONFIG.height, CONFIG.width)
    with torch.inference_mode(), world_by_world():
        conditioning = _conditioning(network, roles, torch.tensor([2, 2, 3]))
        conditioning = replace(conditioning, past=None) if past == "none" else conditioning
        clean, kv = network(noisy, metadata, conditioning)
        compiled, compiled_kv = CompiledNetwork(network)(noisy, metadata, conditioning)
    torch.testing.assert_close(compiled, clean, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(compiled_kv.keys, kv.keys, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(compiled_kv.values, kv.values, atol=1e-4, rtol=1e-4)


def test_a_world_of_the_compiled_network_does_not_depend_on_its_neighbours():
    network = _network()
    compiled, noisy = CompiledNetwork(network), torch.randn(WORLDS, 1, 20, CONFIG.height, CONFIG.width)
    with torch.inference_mode(), world_by_world():
        together = _conditioning(network, [[Role.PAST, Role.PAST]] * WORLDS, torch.tensor([2, 2, 3]))
        metadata = FrameMetadata.of_chunk(torch.tensor([[5]] * WORLDS), 1.0, Role.TARGET)
        every, _ = compiled(noisy, metadata, together)
        for n in range(WORLDS):
            one = slice(n, n + 1)
            past = CachedKV(
                FrameMetadata(*(part[one] for part in vars(together.past.metadata).values())),
                together.past.keys[:, one].contiguous(), together.past.values[:, one].contiguous(),
            )  # fmt: skip
            alone = Conditioning(
                together.hints[one], [(k[one], v[one]) for k, v in together.prompt], together.camera[one],
                together.action[one], past, together.base_time[one],
            )  # fmt: skip
            metadata = FrameMetadata.of_chunk(torch.tensor([[5]]), 1.0, Role.TARGET)
            assert torch.equal(compiled(noisy[one], metadata, alone)[0], every[one])


@pytest.mark.parametrize(
    "other",
    [{"cache_update": "clean"}, {"hint_concat": "frame"}, {"latents_per_chunk": 2}, {"refiner_channels": 0}],
    ids=lambda other: next(iter(other)),
)
def test_other_networks_are_left_to_torch(other):
    assert not can_compile(VideoNetwork(replace(CONFIG, **other)))


def test_other_number_types_and_kinds_of_attention_are_left_to_torch():
    network = _network()
    assert not can_compile(_network().to(torch.bfloat16))
    network.transformer.set_attention("sdpa")
    assert not can_compile(network)
