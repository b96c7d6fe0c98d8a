import pytest
import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel

from wm_gym.backends.video.config import TransformerConfig
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role, may_attend
from wm_gym.backends.video.transformer import CachedKV, CausalTransformer

CONFIG = TransformerConfig(
    in_channels=5, out_channels=3, patch_size=(2, 2), num_attention_heads=2, attention_head_dim=24, num_layers=3,
    ffn_dim=64, text_dim=16, freq_dim=32,
)  # fmt: skip


@pytest.fixture(scope="module")
def pair():
    torch.manual_seed(0)
    theirs = WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=24, in_channels=5, out_channels=3, text_dim=16,
        freq_dim=32, ffn_dim=64, num_layers=3, rope_max_seq_len=64,
    )  # fmt: skip
    ours = CausalTransformer(CONFIG)
    ours.load_state_dict(theirs.state_dict())
    return ours.eval(), theirs.eval()


def _inputs(length=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(2, length, 5, 8, 6, generator=generator)
    text = torch.randn(2, 7, 16, generator=generator)
    return latents, text


def _targets(length, noise, times=None):
    time = torch.arange(length).expand(2, length) if times is None else times
    return FrameMetadata.of(time, noise, Role.TARGET)


@torch.no_grad()
def test_one_sigma_and_full_attention_equal_diffusers(pair):
    ours, theirs = pair
    latents, text = _inputs()
    metadata = FrameMetadata.of(torch.arange(4).expand(2, 4), 0.7, Role.PLAN)  # plans are seen from anywhere
    mine, _, _ = ours(latents, metadata, ours.encode_prompts(text))
    reference = theirs(latents.transpose(1, 2), torch.full((2,), 700.0), text, return_dict=False)[0]
    torch.testing.assert_close(mine.transpose(1, 2), reference, atol=3e-5, rtol=1e-4)


@torch.no_grad()
def test_a_sigma_for_each_latent_frame_equals_diffusers(pair):
    ours, theirs = pair
    latents, text = _inputs()
    noise = torch.tensor([[0.0, 0.2, 0.6, 1.0]]).expand(2, 4)
    metadata = FrameMetadata.of(torch.arange(4).expand(2, 4), noise, Role.PLAN)
    mine, _, _ = ours(latents, metadata, ours.encode_prompts(text))
    per_token = (1000 * noise).repeat_interleave(12, 1)
    reference = theirs(latents.transpose(1, 2), per_token, text, return_dict=False)[0]
    torch.testing.assert_close(mine.transpose(1, 2), reference, atol=3e-5, rtol=1e-4)


@torch.no_grad()
def test_the_cache_gives_what_one_causal_pass_gives(pair):
    ours, _ = pair
    latents, text = _inputs(length=5)
    noise = torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.8]]).expand(2, 5)
    whole, _, _ = ours(latents, _targets(5, noise), ours.encode_prompts(text), window=3)
    keys, values = [], []
    past = None
    for t in range(5):
        metadata = _targets(1, noise[:, t : t + 1], torch.full((2, 1), t))
        step, _, new_kv = ours(latents[:, t : t + 1], metadata, ours.encode_prompts(text), past=past, window=3)
        torch.testing.assert_close(step[:, 0], whole[:, t], atol=1e-5, rtol=1e-4)
        keys.append(new_kv.keys.flatten(2, 3))
        values.append(new_kv.values.flatten(2, 3))
        times = torch.arange(t + 1).expand(2, t + 1)
        past = CachedKV(FrameMetadata.of(times, 0.0, Role.PAST), torch.cat(keys, 2), torch.cat(values, 2))


@torch.no_grad()
def test_only_distances_in_time_matter(pair):
    ours, _ = pair
    latents, text = _inputs()
    early, _, _ = ours(latents, _targets(4, 0.5), ours.encode_prompts(text))
    times = torch.arange(1000, 1004).expand(2, 4)
    late, _, _ = ours(latents, _targets(4, 0.5, times), ours.encode_prompts(text), base_time=torch.tensor([1000, 1000]))
    assert torch.equal(early, late)


@torch.no_grad()
def test_the_future_changes_nothing(pair):
    ours, _ = pair
    latents, text = _inputs()
    first, _, _ = ours(latents, _targets(4, 0.5), ours.encode_prompts(text))
    latents = latents.clone()
    latents[:, 3] = 0
    second, _, _ = ours(latents, _targets(4, 0.5), ours.encode_prompts(text))
    torch.testing.assert_close(first[:, :3], second[:, :3])


def test_who_sees_whom():
    queries = FrameMetadata.of(torch.tensor([[5]]), 1.0, Role.TARGET)
    roles = [Role.PAST, Role.PAST, Role.SINK, Role.REFERENCE, Role.HINT, Role.HINT, Role.TARGET, Role.ABSENT, Role.PAST]
    times = [1, 3, 0, 9, 5, 4, 5, 4, 6]
    time = torch.tensor([times])
    keys = FrameMetadata(time, time, torch.zeros(1, 9), torch.tensor([[int(role) for role in roles]]))
    assert may_attend(queries, keys, window=3)[0, 0].tolist() == [
        False,
        True,
        True,
        True,
        True,
        False,
        True,
        False,
        False,
    ]


def test_bad_shapes_of_heads_are_refused():
    with pytest.raises(ValueError) as raised:
        TransformerConfig(attention_head_dim=7)
    assert str(raised.value) == "attention_head_dim must be even and at least 6, got 7"


@torch.no_grad()
def test_each_latent_frame_may_have_a_prompt_of_its_own(pair):
    ours, _ = pair
    latents, text = _inputs()
    metadata = _targets(4, 0.5)
    shared, _, _ = ours(latents, metadata, ours.encode_prompts(text))
    each = text.repeat_interleave(4, 0)
    same, _, _ = ours(latents, metadata, ours.encode_prompts(each))
    torch.testing.assert_close(same, shared, atol=1e-5, rtol=1e-4)
    each[3] = -each[3]  # the last latent frame of the first world
    changed, _, _ = ours(latents, metadata, ours.encode_prompts(each))
    assert not torch.allclose(changed[0, 3], shared[0, 3], atol=1e-3)
    torch.testing.assert_close(changed[0, :3], shared[0, :3], atol=1e-5, rtol=1e-4)
