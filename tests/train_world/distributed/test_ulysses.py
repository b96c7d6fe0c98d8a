"""Two ranks that split tokens and heads make what one process makes; each caches half of the bytes."""

from dataclasses import replace

import pytest
import torch
import two_ranks
from tiny_pieces import TINY, network

from wm_gym.backends.video.cache import Block as CacheBlock
from wm_gym.backends.video.cache import append, gather
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.generation import Prediction
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.backends.video.state import VideoWorld
from wm_gym.train_world.distributed.ulysses import Shares, average_gradients, split_tokens

LENGTH = 3
VARIANTS = {
    "plain": TINY,
    "hints as frames": replace(TINY, hint_concat="frame"),
    "rays in every block": replace(TINY, camera_blocks=True, cache_update="last"),
    "two layers": replace(TINY, num_layers=2, latents_per_chunk=3),
}


def inputs(network: VideoNetwork, count: int = 2, length: int = LENGTH) -> tuple[torch.Tensor, FrameMetadata, dict]:
    generator, config = torch.Generator().manual_seed(0), network.config

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    tokens = config.grid[0] * config.grid[1]
    times = torch.arange(4, 4 + length).expand(count, length)
    sigma = torch.rand(count, length, generator=generator)
    metadata = FrameMetadata.of(times, sigma, Role.TARGET, times - times % config.latents_per_chunk)
    given = {
        "hints": noise(count, length, network.codec.hint_channels, *network.latent_shape[1:]),
        "camera": noise(count, length, tokens, network.transformer.config.camera_dim),
        "action": noise(count, length, network.transformer.config.action_dim),
        "base_time": times[:, 0] - 2,
    }
    return noise(count, length, *network.latent_shape), metadata, given


def prompts(count: int = 2, length: int = LENGTH) -> list[str]:
    return ["It snows." if k % 2 else "A street." for k in range(count * length)]


def outcome(config, is_split: bool) -> dict[str, torch.Tensor]:
    """Outputs, new keys and values, and gradients of all weights; of a second pass that attends to a cache too."""
    one = network(0, config)
    one = split_tokens(one) if is_split else one
    noisy, metadata, given = inputs(one)
    conditioning = Conditioning(prompt=one.encode_prompts(prompts()), **given)
    clean, new_kv = one(noisy, metadata, conditioning)
    keys, values = new_kv.keys[:, :, :LENGTH].detach(), new_kv.values[:, :, :LENGTH].detach()
    kept = append([(), ()], type(new_kv)(keys, values), metadata.time - LENGTH, window=LENGTH, sinks=0)
    nothing = torch.zeros_like(kept[0][0].keys)
    past = gather(kept, LENGTH + 1, CacheBlock(0, Role.ABSENT, nothing, nothing))
    again, _ = one(noisy, metadata, replace(conditioning, past=past, base_time=given["base_time"] - LENGTH))
    (clean.square().mean() + again.square().mean()).backward()
    if is_split:
        average_gradients(one)
    gradients = {f"gradient {k}": p.grad for k, p in one.named_parameters() if p.grad is not None}
    return {"clean": clean.detach(), "again": again.detach(), "keys": past.keys, "values": past.values, **gradients}


def generated(is_split: bool) -> dict[str, torch.Tensor]:
    """Two chunks of one world, the second after the cache of the first."""
    with torch.no_grad():
        one = network(0, replace(TINY, cache_update="last"))
        one = split_tokens(one) if is_split else one
        nothing, pose = torch.zeros(0), torch.eye(4)
        world, made = VideoWorld((), nothing, nothing, 0, pose, pose, ()), []
        for chunk in range(2):
            noisy, _, given = inputs(one, 1, 1)
            conditioning = Conditioning(prompt=one.encode_prompts(["A street."]), **(given | {"base_time": None}))
            predict = Prediction(one, conditioning, [world], torch.tensor([[chunk]]))
            made.append(predict(noisy, 1.0))
            world = replace(world, blocks=predict.finish()[0])
    return {"made": torch.cat(made), "keys": torch.stack([block.keys for block in world.blocks])}


def moved(bits: torch.Tensor) -> dict[str, torch.Tensor]:
    """Tokens there and back, and what each rank holds between."""
    shares = Shares.of(None, 4, 6)
    own = shares.own(bits)
    heads = shares.to_heads(own)
    return {"heads": heads, "back": shares.whole(shares.to_tokens(heads))}


def everything(bits: torch.Tensor) -> dict[str, dict[str, torch.Tensor]]:
    outcomes = {name: outcome(config, True) for name, config in VARIANTS.items()}
    return {"moved": moved(bits), "generated": generated(True), **outcomes}


BITS = torch.randn(2, 3 * 6, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def ranks(tmp_path_factory) -> list[dict[str, dict[str, torch.Tensor]]]:
    return two_ranks.in_two_ranks(everything, tmp_path_factory.mktemp("ulysses"), BITS)


def test_the_exchange_moves_every_bit(ranks):
    assert all(torch.equal(rank["moved"]["back"], BITS) for rank in ranks)
    assert torch.equal(torch.cat([rank["moved"]["heads"] for rank in ranks], 2), BITS)


@pytest.mark.parametrize("name", VARIANTS)
def test_outputs_and_gradients_equal_those_of_one_process(name, ranks):
    alone = outcome(VARIANTS[name], False)
    for rank in ranks:
        assert rank[name].keys() == alone.keys()
        for key in alone.keys() - {"keys", "values"}:
            torch.testing.assert_close(rank[name][key], alone[key], atol=1e-6, rtol=1e-5, msg=lambda m, k=key: k + m)


@pytest.mark.parametrize("name", VARIANTS)
def test_each_rank_caches_its_heads_alone(name, ranks):
    alone = outcome(VARIANTS[name], False)
    for key in ("keys", "values"):
        parts = [rank[name][key] for rank in ranks]
        assert {2 * part.nbytes for part in parts} == {alone[key].nbytes}
        torch.testing.assert_close(torch.cat(parts, -1), alone[key], atol=1e-6, rtol=1e-5)


def test_chunks_are_generated_from_sharded_caches(ranks):
    alone = generated(False)
    assert 2 * ranks[0]["generated"]["keys"].nbytes == alone["keys"].nbytes
    for rank in ranks:
        torch.testing.assert_close(rank["generated"]["made"], alone["made"], atol=1e-6, rtol=1e-5)
