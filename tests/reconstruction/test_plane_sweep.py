import pytest
import torch

from wm_gym.reconstruction.plane_sweep import OUTSIDE, PLANES, SWEEP_MAPS, no_sweep, plane_depths, plane_sweep

HEIGHT, WIDTH = 24, 32
LENS = torch.tensor([[28.0, 28.0, 16.0, 12.0]])


def wall(metres, aside, seed=0):
    """What a camera sees that stands `aside` metres to the right, before a wall with smooth random colours."""
    generator = torch.Generator().manual_seed(seed)
    texture = torch.rand(1, 3, 12, 24, generator=generator)
    columns = (torch.arange(WIDTH) + 0.5 - 16) / 28 * metres + aside
    rows = (torch.arange(HEIGHT) + 0.5 - 12) / 28 * metres
    grid = torch.stack(torch.meshgrid(columns / (1.5 * metres), rows / (0.8 * metres), indexing="xy"), -1)
    return torch.nn.functional.grid_sample(texture, grid[None], mode="bicubic", align_corners=False).clamp(0, 1)


def other_from_frame(*asides):
    poses = torch.eye(4).repeat(1, len(asides), 1, 1)
    poses[0, :, 0, 3] = -torch.tensor(asides)
    return poses


@pytest.mark.parametrize("metres", [2.0, 4.0, 7.0])
def test_the_best_plane_is_that_of_the_wall_and_far_better_than_the_rest(metres):
    asides = (0.25, 0.5)
    others = torch.stack([wall(metres, aside)[0] for aside in asides])[None]
    shown = torch.ones(1, 2, dtype=torch.bool)
    made = plane_sweep(wall(metres, 0.0), others, other_from_frame(*asides), shown, LENS)
    assert made.shape == (1, SWEEP_MAPS, HEIGHT // 2, WIDTH // 2)
    plane = ((made[0, PLANES, 2:-2, 2:-4] + 1) / 2 * (PLANES - 1)).round().long()
    off = (plane_depths()[plane] / metres).log().abs()
    assert float(off.median()) < 0.11, "half a plane"
    assert float((off < 0.32).float().mean()) > 0.9
    assert float(made[0, PLANES + 1].mean()) > 0.05


def test_others_that_are_not_shown_tell_nothing():
    others, shown = torch.rand(1, 2, 3, HEIGHT, WIDTH), torch.tensor([[True, False]])
    frames, poses = torch.rand(1, 3, HEIGHT, WIDTH), other_from_frame(0.2, 0.4)
    changed = others.clone()
    changed[:, 1] = 0.0
    first = plane_sweep(frames, others, poses, shown, LENS)
    assert torch.equal(first, plane_sweep(frames, changed, poses, shown, LENS))
    assert torch.equal(plane_sweep(frames, others, poses, shown & False, LENS), no_sweep(1, HEIGHT, WIDTH))


def test_planes_that_no_other_shows_are_outside():
    others, poses = torch.rand(1, 1, 3, HEIGHT, WIDTH), other_from_frame(3.0)
    made = plane_sweep(torch.rand(1, 3, HEIGHT, WIDTH), others, poses, torch.ones(1, 1, dtype=torch.bool), LENS)
    assert bool((made[0, 0] == OUTSIDE).all()), "three metres aside nothing is seen again at 0.4 m"
    assert bool((made[0, PLANES - 1, 4, 8:12] > 0).all())
