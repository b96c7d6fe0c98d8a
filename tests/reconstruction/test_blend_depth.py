import torch

from wm_gym.memory.hints import Hints
from wm_gym.reconstruction.blend_depth import blend_depth, write_mask

SHAPE = (1, 1, 24, 32)


def _hints(depth, seen, moving=None):
    nothing = torch.zeros(SHAPE, dtype=torch.bool)
    log_depth = torch.where(seen, depth.log(), 0.0)
    return Hints(torch.zeros(*SHAPE, 3, dtype=torch.uint8), log_depth, seen, nothing if moving is None else moving,
                 nothing.int(), seen, seen.float(), nothing)  # fmt: skip


def _seen_but_for_a_crack():
    seen = torch.ones(SHAPE, dtype=torch.bool)
    seen[..., 12:14, :] = False
    return seen


def test_remembered_depth_stays_and_a_thin_hole_joins_it_without_a_step():
    truth = torch.full(SHAPE, 3.0)
    nothing = torch.zeros(SHAPE, dtype=torch.bool)
    joined = blend_depth(torch.full(SHAPE, 2.0), nothing, _hints(truth, _seen_but_for_a_crack()), 100.0)
    torch.testing.assert_close(joined, truth, rtol=1e-4, atol=0)


def test_the_generated_depth_stays_far_from_the_hints():
    seen = torch.zeros(SHAPE, dtype=torch.bool)
    seen[..., :2] = True
    nothing = torch.zeros(SHAPE, dtype=torch.bool)
    joined = blend_depth(torch.full(SHAPE, 2.0), nothing, _hints(torch.full(SHAPE, 3.0), seen), 100.0)
    assert (joined[..., 20:] == 2.0).all()


def test_moving_pixels_keep_their_own_depth():
    moving = torch.zeros(SHAPE, dtype=torch.bool)
    moving[..., 4:8, 4:8] = True
    seen = torch.ones(SHAPE, dtype=torch.bool)
    joined = blend_depth(torch.full(SHAPE, 3.0), moving, _hints(torch.full(SHAPE, 3.0), seen), 100.0)
    torch.testing.assert_close(joined, torch.full(SHAPE, 3.0))


def test_a_tracked_object_keeps_its_depth_and_its_border_follows():
    moving = torch.zeros(SHAPE, dtype=torch.bool)
    moving[..., 4:12, 4:12] = True
    remembered = torch.zeros(SHAPE, dtype=torch.bool)
    remembered[..., 4:12, 4:10] = True
    truth = torch.where(remembered, 2.0, torch.full(SHAPE, 6.0))
    joined = blend_depth(torch.full(SHAPE, 3.0), moving, _hints(truth, torch.ones_like(moving), remembered), 100.0)
    torch.testing.assert_close(joined[moving], torch.full((64,), 2.0), atol=0, rtol=0.3)
    torch.testing.assert_close(joined[~moving], truth[~moving])


def test_the_sky_does_not_shift_the_depth_of_surfaces():
    nothing = torch.zeros(SHAPE, dtype=torch.bool)
    sky = torch.full(SHAPE, 100.0)
    joined = blend_depth(torch.full(SHAPE, 20.0), nothing, _hints(sky, _seen_but_for_a_crack()), 100.0)
    assert torch.allclose(joined[..., 12:14, :], torch.tensor(20.0))


def test_imagined_edges_are_not_written_and_hints_and_moving_pixels_are():
    nothing = torch.zeros(SHAPE, dtype=torch.bool)
    depth = torch.full(SHAPE, 2.0)
    depth[..., 16:] = 8.0
    unseen = write_mask(depth, nothing, _hints(depth, nothing), imagines=True)
    assert not unseen[..., 15:17].any() and unseen[..., :15].all() and unseen[..., 17:].all()
    assert write_mask(depth, nothing, _hints(depth, ~nothing), imagines=True).all()
    assert write_mask(depth, ~nothing, _hints(depth, nothing), imagines=True).all()


def test_a_model_that_only_fills_thin_holes_writes_no_new_static_pixels():
    nothing, depth = torch.zeros(SHAPE, dtype=torch.bool), torch.full(SHAPE, 2.0)
    assert not write_mask(depth, nothing, _hints(depth, nothing), imagines=False).any()
    assert write_mask(depth, nothing, _hints(depth, ~nothing), imagines=False).all()
    assert write_mask(depth, ~nothing, _hints(depth, nothing), imagines=False).all()


def test_an_imagined_moving_object_has_one_depth():
    moving, nothing = torch.zeros(SHAPE, dtype=torch.bool), torch.zeros(SHAPE, dtype=torch.bool)
    moving[..., 8:16, 10:18] = True
    depth = torch.full(SHAPE, 9.0)
    depth[moving] = 4.0 * torch.exp(torch.randn(64, generator=torch.Generator().manual_seed(0)))
    joined = blend_depth(depth, moving, _hints(depth, nothing), 100.0)
    assert joined[moving].log().std() < depth[moving].log().std() / 2
    assert torch.allclose(joined[~moving], depth[~moving])
