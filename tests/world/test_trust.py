"""Trust is the share of what memory knew, from the front, that the frames agree with."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.memory.hints import Hints
from wm_gym.world.trust import trust_of
from wm_gym.world_model import Chunk

SHAPE = (2, 3, 5, 6)


def _seen(seed):
    """A chunk of random frames, and hints that agree with some of its pixels."""
    draw = torch.Generator().manual_seed(seed)

    def chance(share):
        return torch.rand(SHAPE, generator=draw) < share

    frames = torch.randint(0, 256, (*SHAPE, 3), generator=draw, dtype=torch.uint8)
    depth = 10 * torch.rand(SHAPE, generator=draw) * chance(0.9)
    shift = 60 * torch.rand((*SHAPE, 3), generator=draw)
    colour = (frames.float() - shift).clamp(0, 255).to(torch.uint8)
    log_depth = depth.clamp(min=1e-3).log() + 0.3 * torch.rand(SHAPE, generator=draw)
    nothing = torch.zeros(SHAPE)
    hints = Hints(colour, log_depth, chance(0.8), chance(0.1), nothing.int(), chance(0.9), nothing, chance(0.1))
    poses = torch.eye(4).expand(2, 3, 4, 4)
    return Chunk(frames, depth, nothing > 0, poses), hints


@given(st.integers(0, 1000))
def test_trust_is_the_share_of_known_pixels_that_are_seen_from_the_front_and_agree(seed):
    chunk, hints = _seen(seed)
    known = hints.seen & ~hints.moving & hints.same_appearance & (chunk.depth > 0)
    near = (chunk.frames.float() - hints.colour.float()).abs().mean(-1) <= 24.0
    agree = known & ~hints.from_behind & near & ((chunk.depth.clamp(min=1e-3).log() - hints.log_depth).abs() <= 0.1)
    for found, a, k in zip(trust_of(chunk, hints), agree, known, strict=True):
        assert abs(found - float(a.sum() / k.sum())) <= 1.01 / int(k.sum())


def test_where_nothing_is_known_trust_is_zero():
    chunk, hints = _seen(0)
    hints.seen[1] = False
    assert trust_of(chunk, hints)[1] == 0.0
