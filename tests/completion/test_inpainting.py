"""The inpainter: codes of patches, samples that follow from a seed, and hints whose unseen part alone is inpainted."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.completion.codebook import Codebook, fit_codebook, k_means
from wm_gym.completion.conditioning import CONDITIONING_CHANNELS, elevation, scale_depth
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.network import HIDDEN, KEPT
from wm_gym.completion.pipeline import Completion
from wm_gym.completion.sampling import SamplingConfig, sample_codes
from wm_gym.completion.stage import View
from wm_gym.completion.stages import CompletionConfig
from wm_gym.completion.state import CompletionState
from wm_gym.completion.weights import load_inpainter, save_inpainter
from wm_gym.geometry.depth_scale import unscale_depth
from wm_gym.memory.hints import Hints

TINY = InpainterConfig(
    height=16, width=24, depth_codes=8, colour_codes=16, dim=16, num_heads=2, num_layers=1, ffn_dim=16, code_dim=8,
    pixel_channels=4, cell_channels=8, decoder_channels=8, decoder_blocks=1,
)  # fmt: skip
SIZE = TINY.height, TINY.width
LENS = torch.tensor([12.0, 12.0, 12.0, 8.0])


def tiny_inpainter(seed: int = 0) -> Inpainter:
    torch.manual_seed(seed)
    inpainter = Inpainter(TINY)
    inpainter.codebook.depth.uniform_(-0.5, 0.5)
    inpainter.codebook.colour.uniform_(-1, 1)
    return inpainter.eval().requires_grad_(False)


def some_hints(worlds: int = 1, frames: int = 4, seed: int = 0) -> Hints:
    """A wall 3 m ahead, partly seen, more of it in later worlds."""
    generator = torch.Generator().manual_seed(seed)
    shape = worlds, frames, *SIZE
    seen = torch.zeros(shape, dtype=torch.bool)
    for n in range(worlds):
        seen[n, ..., : 4 + 5 * n] = True
    colour = torch.randint(0, 256, (*shape, 3), generator=generator).to(torch.uint8) * seen[..., None]
    nothing = torch.zeros(shape, dtype=torch.bool)
    return Hints(colour, np.log(3.0) * seen.float(), seen, nothing, seen.int(), seen.clone(), seen.float(), nothing)


def poses(worlds: int, frames: int = 4) -> torch.Tensor:
    """All frames look along the world's x axis."""
    pose = torch.tensor([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    return pose.expand(worlds, frames, 4, 4).clone()


def complete(inpainter: Inpainter, hints: Hints, seeds, config: CompletionConfig | None = None):
    completion = Completion(inpainter, config=config or CompletionConfig(repaints=True))
    where = poses(len(seeds))
    views = [View(where[n], LENS, 4 * n, (seed, n, 1), "") for n, seed in enumerate(seeds)]
    return completion(hints, views, [CompletionState()] * len(seeds))


def test_codes_survive_decoding_and_encoding():
    inpainter, generator = tiny_inpainter(), torch.Generator().manual_seed(1)
    shape = 3, TINY.num_tokens, TINY.cells
    codes = [torch.randint(0, n, shape, generator=generator) for n in (TINY.depth_codes, TINY.colour_codes)]
    codes = torch.cat(codes, -1)
    surface = inpainter.codebook.decode(codes)
    assert surface.shape == (3, 4, *SIZE)
    assert torch.equal(inpainter.codebook.encode(surface), codes)


@given(st.integers(1, 8), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_k_means_finds_every_distinct_patch(count, seed):
    generator = torch.Generator().manual_seed(seed)
    kinds = torch.randn(count, 6, generator=generator) * 10
    patches = kinds.repeat(20, 1)
    centres = k_means(patches, 4 * count, 12, generator)
    apart = (patches[:, None] - centres).square().sum(-1).amin(1)
    assert apart.max() < 1e-6


def test_a_codebook_is_fitted_the_same_way_every_time():
    surfaces, books = torch.rand(4, 4, *SIZE) * 2 - 1, [Codebook(TINY), Codebook(TINY)]
    for book in books:
        fit_codebook(book, surfaces, patches=60, rounds=3, seed=5)
    assert torch.equal(books[0].colour, books[1].colour) and torch.equal(books[0].depth, books[1].depth)
    assert books[0].colour.std() > 0.1


def test_a_codebook_needs_as_many_patches_as_entries():
    with pytest.raises(ValueError, match=r"as many patches, got 6: prepare more views"):
        fit_codebook(Codebook(TINY), torch.zeros(1, 4, *SIZE), patches=6, rounds=1, seed=0)


def test_logits_code_by_code_equal_the_teacher_forced_ones():
    inpainter = tiny_inpainter()
    network, queries = inpainter.network, torch.randn(2, 5, TINY.codes_per_token, TINY.code_dim)
    codes = torch.randint(0, TINY.depth_codes, (2, 5, TINY.codes_per_token))
    at_once, context = network.head(queries, codes, network.codes), 0.0
    for code_index in range(TINY.codes_per_token):
        table = network.codes.of_code(code_index)
        torch.testing.assert_close(
            network.head.scores(queries[..., code_index, :] + context, table), at_once[code_index]
        )
        context = context + network.head.context_of(table[codes[..., code_index]], code_index)


def test_codes_of_masked_and_kept_tokens_have_no_effect():
    inpainter, known = tiny_inpainter(), torch.randn(1, CONDITIONING_CHANNELS, *SIZE)
    detail = inpainter.network.detail(known)
    codes = torch.randint(0, TINY.depth_codes, (2, TINY.num_tokens, TINY.codes_per_token))
    for role in (KEPT, HIDDEN):
        roles = torch.full((1, TINY.num_tokens), role)
        assert torch.equal(*(inpainter.network(known, detail, context[None], roles) for context in codes))


def test_a_narrow_nucleus_takes_the_likeliest_code():
    inpainter, known = tiny_inpainter(), torch.randn(1, CONDITIONING_CHANNELS, *SIZE)
    painted = torch.ones(1, TINY.num_tokens, dtype=torch.bool)
    sure = SamplingConfig(num_steps=1, nucleus=1e-6)
    codes = sample_codes(inpainter, known, painted, sure, [3])
    network, detail = inpainter.network, inpainter.network.detail(known)
    states = network(known, detail, codes, torch.full((1, TINY.num_tokens), HIDDEN))
    queries = network.head.queries(states, network.detail.of_codes(detail))
    logits = network.head(queries, codes, network.codes)
    for code_index, scores in enumerate(logits):
        assert torch.equal(scores.argmax(-1), codes[..., code_index])


def test_samples_follow_from_the_seed():
    inpainter, known = tiny_inpainter(), torch.randn(1, CONDITIONING_CHANNELS, *SIZE)
    painted = torch.ones(1, TINY.num_tokens, dtype=torch.bool)
    first, again, other = (sample_codes(inpainter, known, painted, SamplingConfig(), [seed]) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_cell_changes_its_own_codes_and_no_distant_ones():
    inpainter, known = tiny_inpainter(), torch.randn(1, CONDITIONING_CHANNELS, *SIZE)
    detail = inpainter.network.detail
    torch.nn.init.normal_(detail.context.weight)
    other = known.clone()
    other[..., -1, -1] += 5.0  # lower right: the last cell of the last token, and what it is beside
    changed = (detail.of_codes(detail(known)) != detail.of_codes(detail(other))).any(-1)[0]
    assert changed.shape == (TINY.num_tokens, TINY.codes_per_token) and changed[-1].all()
    assert not changed[0].any()


def test_all_unseen_pixels_of_the_last_frame_are_inpainted_and_no_seen_ones():
    inpainter, hints = tiny_inpainter(), some_hints()
    made = complete(inpainter, hints, [0])
    assert not (made.where & hints.seen).any() and torch.equal(made.hints.seen, hints.seen | made.where)
    assert made.hints.seen[:, -1].all() and (made.hints.log_depth[made.where] > np.log(0.1)).all()
    assert not made.overwritten.any()
    for name, value in vars(hints).items():
        assert torch.equal(getattr(made.hints, name)[hints.seen], value[hints.seen]), name


def agreeing_inpainter() -> Inpainter:
    """An inpainter whose every depth code is a surface 3 m ahead."""
    inpainter = tiny_inpainter()
    inpainter.codebook.depth[:] = scale_depth(torch.tensor(3.0), TINY.near_metres, TINY.far_metres)
    return inpainter


def test_coarse_pixels_are_inpainted_at_their_own_depth():
    hints = some_hints()
    hints.area[..., :2] = 4.0
    hints.moving[..., 0, 0] = True
    made = complete(agreeing_inpainter(), hints, [0])
    assert made.overwritten[0, -1, 1:, :2].all() and not made.overwritten[..., 2:].any()
    assert not made.overwritten[..., 0, 0].any()
    assert made.hints.area[0, -1, 1:, :2].max() < 1.5
    torch.testing.assert_close(
        made.hints.log_depth[made.overwritten], hints.log_depth[made.overwritten], rtol=0, atol=0.02
    )


def test_coarse_pixels_stay_where_the_inpainter_predicts_another_surface():
    hints = some_hints()
    hints.area[..., :2] = 4.0
    hints.log_depth[:] = np.log(30.0) * hints.seen
    assert not complete(agreeing_inpainter(), hints, [0]).overwritten.any()
    hints.log_depth[:] = np.log(3.0) * hints.seen
    assert complete(agreeing_inpainter(), hints, [0]).overwritten.any()
    assert not complete(agreeing_inpainter(), hints, [0], CompletionConfig()).overwritten.any()


def test_a_world_with_few_unseen_pixels_keeps_its_hints():
    hints = some_hints()
    made = complete(tiny_inpainter(), hints, [0], CompletionConfig(min_unseen=0.99))
    assert made.hints is hints and not made.where.any()


def test_a_world_in_a_batch_is_completed_as_if_it_were_alone():
    inpainter, hints = tiny_inpainter(), some_hints(worlds=3)
    together = complete(inpainter, hints, [4, 5, 6])
    completion = Completion(inpainter, config=CompletionConfig(repaints=True))
    second = Hints(**{name: value[1:2] for name, value in vars(hints).items()})
    alone = completion(second, [View(poses(1)[0], LENS, 4, (5, 1, 1), "")], [CompletionState()])
    for name, value in vars(alone.hints).items():
        assert torch.equal(getattr(together.hints, name)[1:2], value), name


def test_hints_are_never_changed_in_place():
    hints = some_hints()
    before = {name: value.clone() for name, value in vars(hints).items()}
    complete(tiny_inpainter(), hints, [0])
    assert all(torch.equal(value, before[name]) for name, value in vars(hints).items())


def test_a_pipeline_without_stages_keeps_the_hints():
    hints = some_hints()
    made = Completion()(hints, [View(poses(1)[0], LENS, 4, (5, 1, 1), "")], [CompletionState()])
    assert made.hints is hints and not made.where.any() and not Completion().decides([CompletionState()])


def test_inpainted_pixels_take_the_appearance_of_most_seen_ones():
    hints = some_hints()
    hints.same_appearance[:] = False
    made = complete(tiny_inpainter(), hints, [0])
    assert not made.hints.same_appearance[made.where].any()


def test_the_horizon_is_level_and_the_zenith_is_up():
    level = elevation(torch.tensor([[0.0, -1, 0]]), LENS[None], *SIZE)[0]
    assert (level[: SIZE[0] // 2] > 0).all() and (level[SIZE[0] // 2 :] < 0).all()
    assert elevation(torch.tensor([[0.0, 0, 1]]), LENS[None], *SIZE).max() > 0.99


@given(st.floats(0.2, 100.0))
def test_depth_comes_back_from_its_scale(metres):
    depth = torch.tensor([metres])
    torch.testing.assert_close(unscale_depth(scale_depth(depth, 0.2, 100.0), 0.2, 100.0), depth, rtol=1e-4, atol=0)


def test_an_inpainter_comes_back_from_its_file(tmp_path):
    inpainter = tiny_inpainter()
    save_inpainter(tmp_path / "p.safetensors", inpainter)
    back = load_inpainter(tmp_path / "p.safetensors")
    assert back.config == TINY
    assert all(torch.equal(a.bfloat16(), b) for a, b in zip(inpainter.parameters(), back.parameters(), strict=True))


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "p.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=re.escape(f"weights {path} must be a whole wm_gym.inpainter file")):
        load_inpainter(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dim": 0}, "dim must be positive, got 0"),
        ({"cell": 3}, "token must be a multiple of cell (3), got 8"),
        ({"width": 25}, "height and width must be multiples of token (8), got 16 x 25"),
        ({"num_heads": 3}, "dim must be a multiple of num_heads (3), got 16"),
    ],
)
def test_bad_shapes_are_refused_in_one_sentence(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        InpainterConfig(**{**vars(TINY), **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_steps": 0}, "num_steps must be at least 1, got 0"),
        ({"temperature": 0.0}, "temperature must be positive, got 0.0"),
        ({"nucleus": 1.5}, "nucleus must be over 0 and at most 1, got 1.5"),
    ],
)
def test_bad_sampling_is_refused_in_one_sentence(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SamplingConfig(**change)
