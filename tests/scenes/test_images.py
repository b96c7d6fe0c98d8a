import numpy as np
import pytest
import torch
from PIL import Image

from wm_gym.evaluation.fidelity import depth_absrel
from wm_gym.memory.memory import Memory
from wm_gym.reconstruction.one_picture import floor_positions, ground_and_wall
from wm_gym.scenes.images import open_picture
from wm_gym.scenes.keyframe_scale import reduced
from wm_gym.scenes.named import open_named, shipped_scenes
from wm_gym.world.world import World

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (96, 128, 3), np.uint8)


def test_a_picture_of_the_size_of_a_frame_stays_as_it_is():
    opening = open_picture(PICTURE, 96, 128)
    assert np.array_equal(opening.capture.frames[0].numpy(), PICTURE)
    assert len(opening.capture.frames) == 1 and opening.image is not None and opening.place is None


def test_larger_pictures_are_cropped_at_the_centre_and_downsampled_to_means():
    wide = np.concatenate([np.zeros((96, 20, 3), np.uint8), PICTURE, np.zeros((96, 20, 3), np.uint8)], axis=1)
    opening = open_picture(wide, 48, 64, finer=1)
    means = PICTURE.reshape(48, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(opening.capture.frames[0].numpy() - means).max() <= 1.0
    alone = open_picture(PICTURE, 48, 64, fov_degrees=65.0)
    wider = np.degrees(2 * np.arctan(np.tan(np.radians(32.5)) * 168 / 128))
    torch.testing.assert_close(open_picture(wide, 48, 64, fov_degrees=wider).intrinsics, alone.intrinsics)


@pytest.mark.parametrize(("finer", "size"), [(1, (24, 32)), (2, (48, 64)), (3, (72, 96)), (9, (96, 128))])
def test_a_keyframe_is_as_fine_as_the_picture_allows(finer, size):
    opening = open_picture(PICTURE, 24, 32, finer=finer)
    assert tuple(opening.capture.depth.shape[1:]) == size
    torch.testing.assert_close(opening.intrinsics, open_picture(PICTURE, 24, 32, finer=1).intrinsics)
    torch.testing.assert_close(opening.capture.intrinsics * 24 / size[0], opening.intrinsics)


def test_a_file_opens_like_its_pixels(tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "hall.png")
    for path in (tmp_path / "hall.png", str(tmp_path / "hall.png")):
        opening = open_picture(path, 48, 64)
        assert opening.name == "hall"
        assert torch.equal(opening.capture.frames, open_picture(PICTURE, 48, 64).capture.frames)


def test_given_depth_is_kept():
    depth = RNG.uniform(0.5, 20.0, (96, 128))
    depth[:10] = 3000.0
    opening = open_picture(PICTURE, 96, 128, depth=depth)
    assert opening.image is None
    np.testing.assert_allclose(opening.capture.depth[0].numpy(), np.minimum(depth, 100.0), rtol=1e-6)
    assert set(open_picture(PICTURE, 48, 64, depth=depth, finer=1).capture.depth[0, 8].tolist()) <= set(
        depth[17].astype(np.float32).tolist()
    )


def test_the_depth_prior_is_flat_ground_up_to_a_wall():
    intrinsics = torch.tensor([60.0, 60.0, 32.0, 24.0])
    depth = ground_and_wall(intrinsics, 48, 64)
    assert (depth[:24] == 9.0).all()
    assert depth[47, 0] == pytest.approx(1.6 * 60.0 / 23.5, rel=1e-5)
    positions = floor_positions(depth, intrinsics)
    assert len(positions) > 10 and (positions[:, 0] > 3.0).all() and (positions.norm(dim=1) < 11.0).all()
    assert floor_positions(torch.full((48, 64), 0.4), intrinsics).tolist() == [[0.0, 0.0]]


def test_the_depth_prior_is_of_the_right_scale_at_near_surfaces(memory_spec):
    errors = []
    for name in shipped_scenes():
        opening = open_named(memory_spec, name, 0, "full")
        guess = ground_and_wall(opening.intrinsics, 48, 64)
        errors.append(depth_absrel(guess[None], reduced(opening.capture, 48, 64).depth[:1]))
    assert np.mean(errors) < 0.5


@pytest.fixture(scope="module")
def memory_spec():
    from wm_gym.backends.memory_only import MemoryOnlyModel

    return MemoryOnlyModel.create(48, 64).spec


def test_a_world_opens_on_a_picture():
    from wm_gym.backends.memory_only import MemoryOnlyModel

    world = World(MemoryOnlyModel.create(48, 64))
    state, outcome = world.start([open_picture(PICTURE, 48, 64)], [0])
    small = open_picture(PICTURE, 48, 64, finer=1).capture.frames[0]
    assert (outcome.chunk.frames[0, 0].int() - small.int()).abs().max() <= 1  # two ways of rounding a mean
    state, outcome = world.step(state, np.tile([0.5, 0.0, 0.0, 0.0], (1, 4, 1)))
    assert isinstance(state.memories[0], Memory) and outcome.hints.seen.float().mean() > 0.8


@pytest.mark.parametrize(
    ("picture", "depth", "message"),
    [
        ("nowhere.png", None, "image must be a picture file that can be read, got 'nowhere.png'"),
        (PICTURE[..., 0], None, "image must be a path or (H, W, 3) uint8, got (96, 128) uint8"),
        (PICTURE / 255, None, "image must be a path or (H, W, 3) uint8, got (96, 128, 3) float64"),
        (7, None, "image must be a path or (H, W, 3) uint8, got () int64"),
        (PICTURE[:40], None, "image must be at least 48 x 64 pixels, got 40 x 128"),
        (
            PICTURE,
            np.ones((48, 64)),
            "depth must be (96, 128) floating point, as large as the image, got (48, 64) float64",
        ),
        (
            PICTURE,
            np.ones((96, 128), int),
            "depth must be (96, 128) floating point, as large as the image, got (96, 128) int64",
        ),
        (PICTURE, np.full((96, 128), -1.0), "depth must be finite metres from 0, got -1.0 to -1.0"),
        (PICTURE, np.full((96, 128), np.nan), "depth must be finite metres from 0, got nan to nan"),
    ],
)
def test_pictures_that_cannot_open_a_world(picture, depth, message):
    with pytest.raises(ValueError) as raised:
        open_picture(picture, 48, 64, depth=depth)
    assert str(raised.value) == message


def test_a_damaged_file_is_refused(tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "hall.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "hall.png").read_bytes()[:2000])
    with pytest.raises(ValueError, match="image must be a picture file that can be read"):
        open_picture(tmp_path / "cut.png", 48, 64)
