import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.reconstruction.surfaces import Surfaces, laid_together

SIZE = (12, 16)
LENS = torch.tensor([[14.0, 14.0, 8.0, 6.0]])


def moved(ahead=0.0, aside=0.0):
    pose = torch.eye(4)[None]
    pose[0, 2, 3], pose[0, 0, 3] = ahead, aside
    return pose


def shown(depth, error=0.1, seed=0, pose=None):
    colours = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(seed))
    return Surfaces(depth[None], torch.full((1, *SIZE), error), colours, moved() if pose is None else pose, LENS)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_frame_seen_from_where_it_was_taken_is_itself(seed):
    depth = 1 + 5 * torch.rand(SIZE, generator=torch.Generator().manual_seed(seed))
    depth[:2] = 0.0
    given_surfaces = shown(depth, seed=seed)
    seen = given_surfaces.seen_from(moved())
    torch.testing.assert_close(seen.depth[0], depth)
    is_known = depth > 0
    torch.testing.assert_close(seen.colours[0][:, is_known], given_surfaces.colours[0][:, is_known])
    assert not seen.colours[0][:, ~is_known].any() and not seen.error[0][~is_known].any()


def test_a_wall_comes_nearer_by_what_the_camera_goes_ahead_and_keeps_its_colours():
    seen = shown(torch.full(SIZE, 4.0)).seen_from(moved(ahead=1.0))
    is_seen = seen.depth > 0
    assert 0.4 < is_seen.float().mean() < 0.8, "a forward warp leaves holes"
    torch.testing.assert_close(seen.depth[is_seen], torch.full((int(is_seen.sum()),), 3.0))


def test_of_what_falls_on_one_pixel_the_nearest_is_seen():
    depth = torch.full(SIZE, 8.0)
    depth[:, 8:] = 2.0
    seen = shown(depth).seen_from(moved(aside=0.4))
    near = (seen.depth > 0) & (seen.depth < 5)
    assert near[0].sum() >= 12 * 5
    assert bool(near[0, :, 6].all()), "the near half moved over the far one by 2.8 pixels"


def test_what_lies_behind_the_camera_or_outside_of_its_view_is_not_seen():
    assert not shown(torch.full(SIZE, 1.0)).seen_from(moved(ahead=1.5)).depth.any()
    assert not shown(torch.full(SIZE, 1.0)).seen_from(moved(aside=9.0)).depth.any()


def test_the_first_surfaces_that_show_something_are_taken():
    left, whole = torch.full(SIZE, 3.0), torch.full(SIZE, 5.0)
    left[:, 8:] = 0.0
    together = laid_together([shown(left, 0.1), shown(whole, 0.4, seed=1)], moved())
    assert torch.equal(together.depth[0, :, :8], left[:, :8]) and torch.equal(together.depth[0, :, 8:], whole[:, 8:])
    assert together.error[0, 0].tolist() == torch.tensor([0.1] * 8 + [0.4] * 8).tolist()


def test_frames_of_a_batch_are_seen_apart():
    one, other = shown(torch.full(SIZE, 3.0)), shown(torch.full(SIZE, 6.0), seed=4)
    both = Surfaces(*(torch.cat([getattr(one, name), getattr(other, name)]) for name in vars(one)))
    poses = torch.cat([moved(ahead=0.5), moved(aside=0.5)])
    seen = both.seen_from(poses)
    for k, single in enumerate((one, other)):
        alone = single.seen_from(poses[k : k + 1])
        assert torch.equal(seen.depth[k], alone.depth[0]) and torch.equal(seen.colours[k], alone.colours[0])
    assert torch.equal(one.repeated(2).seen_from(poses).depth[0], seen.depth[0])
