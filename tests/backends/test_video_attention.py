"""All implementations of attention agree with the plain one; those of other packages are held to their contract."""

import sys
from itertools import pairwise
from types import ModuleType, SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.model import VideoModel
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.backends.video.transformer import Tokens
from wm_gym.networks.attention import FLASH, IMPLEMENTATIONS, FrameMask, attention, blocks_of, check_attention
from wm_gym.networks.batch_invariant import world_by_world

TOKENS, HEADS, DIM = 4, 2, 16
CAUSAL = torch.tensor([[[1, 0, 1, 0, 0], [1, 0, 1, 1, 0], [1, 0, 1, 1, 0]]] * 2).bool()
DIFFERENT = torch.cat([CAUSAL[:1], torch.tensor([[[0, 1, 0, 0, 1]] * 3]).bool()])
MASKS = {"none": None, "all": torch.ones_like(CAUSAL), "blocks": CAUSAL, "worlds differ": DIFFERENT}


def _qkv(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    shapes = [(2, frames * TOKENS, HEADS, DIM) for frames in (3, 5, 5)]
    return [torch.randn(shape, generator=generator).to(dtype) for shape in shapes]


def _mask(allowed):
    return None if allowed is None else FrameMask(allowed, TOKENS, torch.float32)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("alone", [False, True], ids=["together", "world by world"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("implementation", ["auto", "sdpa", "flex"])
def test_implementations_agree_with_plain_products(implementation, mask, alone):
    q, k, v = _qkv()
    plain = attention(q, k, v, _mask(MASKS[mask]), implementation="plain")
    with world_by_world(alone):
        mixed = attention(q, k, v, _mask(MASKS[mask]), implementation=implementation)
    assert mixed.shape == q.shape and mixed.dtype == v.dtype
    torch.testing.assert_close(mixed, plain, atol=1e-5, rtol=1e-4)


def test_keys_that_are_not_seen_change_nothing():
    q, k, v = _qkv()
    k_other, v_other = k.clone(), v.clone()
    for tensor in (k_other, v_other):
        tensor.unflatten(1, (5, -1))[:, [1, 4]] = 7.0
    for implementation in ("plain", "sdpa"):
        one, other = (
            attention(q, *kv, _mask(CAUSAL), implementation=implementation) for kv in ((k, v), (k_other, v_other))
        )
        assert torch.equal(one, other)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4).filter(any), min_size=1, max_size=6))
def test_blocks_cover_each_query_frame_once_with_the_keys_that_it_sees(rows):
    blocks = blocks_of(torch.tensor(rows))
    assert [k for block, _ in blocks for k in range(block.start, block.stop)] == list(range(len(rows)))
    for block, seen in blocks:
        for row in rows[block]:
            assert [k for k, is_seen in enumerate(row) if is_seen] == seen
    assert all(one != other for (_, one), (_, other) in pairwise(blocks))


class FlashStandIn:
    """`flash_attn_func` of FlashAttention 2, 3 or 4: arguments that all three know, checked as they check them."""

    def __init__(self, gives_sums):
        self.gives_sums, self.calls = gives_sums, 0

    def __call__(self, q, k, v, softmax_scale=None, causal=False):
        self.calls += 1
        assert q.ndim == k.ndim == v.ndim == 4 and k.shape == v.shape
        assert (len(q), *q.shape[2:]) == (len(k), *k.shape[2:]) and q.shape[2:] == (HEADS, DIM)
        assert q.dtype == k.dtype == v.dtype and q.dtype in (torch.float16, torch.bfloat16)
        assert all(t.stride(-1) == 1 for t in (q, k, v)) and DIM % 8 == 0
        assert softmax_scale == pytest.approx(DIM**-0.5) and not causal
        mixed = attention(q.float(), k.float(), v.float(), implementation="plain").to(q.dtype).contiguous()
        return (mixed, torch.zeros(q.shape[0], HEADS, q.shape[1])) if self.gives_sums else mixed


@pytest.fixture(params=FLASH)
def flash(request, monkeypatch):
    """A name of FlashAttention whose package is a stand-in; 4 gives the sums of the softmax beside the result."""
    stand_in, module = FlashStandIn(gives_sums=request.param == "flash4"), ModuleType(FLASH[request.param])
    module.flash_attn_func = stand_in
    if "." in FLASH[request.param]:
        monkeypatch.setitem(sys.modules, "flash_attn", ModuleType("flash_attn"))
    monkeypatch.setitem(sys.modules, FLASH[request.param], module)
    return request.param, stand_in


@pytest.mark.parametrize("mask", MASKS)
def test_flash_attention_is_called_as_its_contract_says(flash, mask):
    name, stand_in = flash
    q, k, v = _qkv(torch.bfloat16)
    mixed = attention(q.float(), k, v, _mask(MASKS[mask]), implementation=name)  # rotated queries may be finer
    assert stand_in.calls == {"none": 1, "all": 1, "blocks": 2, "worlds differ": 3}[mask]
    plain = attention(*_qkv(), _mask(MASKS[mask]), implementation="plain")
    assert mixed.dtype == torch.bfloat16
    torch.testing.assert_close(mixed.float(), plain, atol=3e-2, rtol=3e-2)


def test_flash_attention_must_be_on_cuda_in_half_precision(flash):
    name, _ = flash
    with pytest.raises(ValueError) as raised:
        check_attention(name, torch.zeros(1))
    assert str(raised.value) == f"attention {name!r} must compute in bfloat16 or float16 on cuda, got float32 on cpu"
    check_attention(name, SimpleNamespace(device=torch.device("cuda"), dtype=torch.bfloat16))


@pytest.mark.parametrize("name", FLASH)
@pytest.mark.parametrize("package", [None, ModuleType("flash_attn")], ids=["none", "one without the function"])
def test_flash_attention_that_is_not_installed_is_refused(name, package, monkeypatch):
    monkeypatch.setitem(sys.modules, "flash_attn", package)
    monkeypatch.setitem(sys.modules, FLASH[name], package)
    with pytest.raises(ImportError) as raised:
        check_attention(name, torch.zeros(1))
    assert str(raised.value) == f"attention {name!r} needs {FLASH[name]}.flash_attn_func, which is not installed"


def test_an_unknown_implementation_is_refused():
    with pytest.raises(ValueError) as raised:
        VideoModel.create(36, 48, attention="flash5")
    assert str(raised.value).startswith(f"attention must be one of {list(IMPLEMENTATIONS)}, got 'flash5'; did you mean")


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@torch.no_grad()
def test_a_network_predicts_the_same_with_every_implementation():
    network, arguments = _network_and_arguments(torch.device("cpu"))
    results = {}
    for implementation in ("auto", "plain", "sdpa", "flex"):
        network.transformer.set_attention(implementation)
        results[implementation] = network(*arguments)[0]
    assert torch.equal(results["auto"], results["plain"])
    for implementation in ("sdpa", "flex"):
        torch.testing.assert_close(results[implementation], results["plain"], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_network_makes_no_tensor_on_another_device_than_its_own():
    network, arguments = _network_and_arguments(torch.device("meta"))
    clean, new_kv = network(*arguments)
    assert {clean.device.type, new_kv.keys.device.type, new_kv.values.device.type} == {"meta"}


def _network_and_arguments(device):
    """A tiny network and what it predicts two chunks of two latents from, its metadata on the CPU."""
    torch.manual_seed(0)
    config = VideoConfig(
        height=16, width=16, latents_per_chunk=2, num_layers=2, num_heads=2, head_dim=16, ffn_dim=32, text_dim=16,
        text_vocabulary=64, text_tokens=4, refiner_channels=8, cache_update="clean",
    )  # fmt: skip
    network = VideoNetwork(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    network = network.to(device)
    length, (channels, *size) = config.latents_per_chunk, network.latent_shape
    shapes = [(2, length, channels, *size), (2, length, 32, *size), (2, length, 4, 24), (2, length, 32)]
    noisy, hints, camera, action = (torch.randn(shape).to(device) for shape in shapes)
    layers = [(torch.randn(4, 4, 32).to(device), torch.randn(4, 4, 32).to(device)) for _ in range(2)]
    conditioning = Conditioning(hints, layers, camera, action, base_time=torch.tensor([0, 0]))
    times = torch.tensor([[2, 3], [2, 3]])
    before = FrameMetadata.of_chunk(times - 2, 0.0, Role.PAST)
    context = Tokens(torch.randn(2, 8, 32).to(device), torch.randn(2, 2, 32).to(device), before)
    return network, (noisy, FrameMetadata.of_chunk(times, 1.0, Role.TARGET), conditioning, context)
