"""A panorama becomes key frames all round, which show what it shows and agree with one another."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from PIL import Image

import wm_gym  # noqa: F401
from wm_gym.cli import main
from wm_gym.reconstruction.estimates import DepthEstimate
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.images import open_picture
from wm_gym.scenes.panoramas import developed, is_panorama, open_panorama, read_panorama

ROWS = 120


def drawn(rows=ROWS):
    """A panorama of a round room: colour tells the heading, brightness the pitch."""
    yaw = np.pi - 2 * np.pi * (np.arange(2 * rows) + 0.5) / (2 * rows)
    pitch = np.pi / 2 - np.pi * (np.arange(rows) + 0.5) / rows
    light = 0.5 + 0.4 * np.sin(pitch)[:, None]
    wave = np.stack([np.cos(yaw), np.sin(yaw), np.cos(3 * yaw)], -1) * 0.5 + 0.5
    return np.rint(255 * light[..., None] * wave[None]).astype(np.uint8)


PANORAMA = drawn()


def told_by(direction):
    """What the room shows along a direction."""
    x, y, z = direction / np.linalg.norm(direction)
    wave = np.array([np.cos(np.arctan2(y, x)), np.sin(np.arctan2(y, x)), np.cos(3 * np.arctan2(y, x))]) * 0.5 + 0.5
    return 255 * (0.5 + 0.4 * z) * wave


@pytest.fixture(scope="module")
def opening():
    return open_panorama(PANORAMA, 18, 24, name="room")


def test_every_view_shows_what_the_panorama_shows_there(opening):
    capture = opening.capture
    assert capture.frames.shape == (20, 54, 72, 3) and opening.intrinsics[0] == pytest.approx(12.0)
    fx, fy, cx, cy = capture.intrinsics.tolist()
    for view in range(20):
        turn = capture.world_from_camera[view, :3, :3].double().numpy()
        for row, column in ((0, 0), (27, 36), (53, 71), (10, 60)):
            ray = turn @ [(column + 0.5 - cx) / fx, (row + 0.5 - cy) / fy, 1.0]
            if abs(ray[2]) / np.linalg.norm(ray) < 0.98:  # next to the poles colours turn too fast
                assert np.abs(capture.frames[view, row, column].numpy() - told_by(ray)).max() < 8


def test_without_an_estimator_there_is_flat_ground_and_a_wall_all_round(opening):
    capture = opening.capture
    points = torch.einsum(
        "ij,hwj->hwi", capture.world_from_camera[9, :3, :3], rays_of(capture) * capture.depth[9, ..., None]
    )
    ground = points[..., 2] < -1.59
    assert ground.float().mean() > 0.5 and torch.allclose(points[ground][:, 2], torch.tensor(-1.6), atol=1e-3)
    assert torch.hypot(points[..., 0], points[..., 1]).max() < 9.01
    assert len(opening.waypoints) > 100


def rays_of(capture):
    fx, fy, cx, cy = capture.intrinsics
    v, u = torch.meshgrid(torch.arange(54) + 0.5, torch.arange(72) + 0.5, indexing="ij")
    return torch.stack([(u - cx) / fx, (v - cy) / fy, torch.ones_like(u)], -1)


class Cylinder:
    """Metres of a round room of 4 m radius."""

    kind = "metric"
    takes_known = True

    def estimate(self, query):
        fx, fy, cx, cy = query.intrinsics
        v, u = torch.meshgrid(torch.arange(query.size[0]) + 0.5, torch.arange(query.size[1]) + 0.5, indexing="ij")
        across = 4.0 / torch.sqrt(1 + ((u - cx) / fx) ** 2)
        down = (v - cy) / fy
        return DepthEstimate(torch.minimum(across, 1.6 / down.clamp(min=1e-6))[None])


def test_what_level_views_estimate_is_one_room_for_all_views():
    capture = open_panorama(PANORAMA, 18, 24, name="room", estimator=Cylinder()).capture
    for view in range(8):
        middle = capture.depth[view, 25, 36]
        assert middle == pytest.approx(4.0, abs=0.1)
    assert capture.depth[8:14, 53].max() < 2.5, "the floor under a view that looks down"


@pytest.mark.parametrize(
    ("picture", "answer"),
    [
        (PANORAMA, True),
        (PANORAMA[:, :-2], False),
        (np.linspace(0, 255, 100).astype(np.uint8)[None, :, None].repeat(50, 0).repeat(3, 2), False),
    ],
)
def test_a_panorama_is_told_by_its_proportions_and_its_edges(picture, answer):
    assert is_panorama(picture) == answer


def test_a_picture_that_is_a_panorama_opens_all_round():
    assert len(open_picture(PANORAMA, 18, 24).capture.frames) == 20
    assert len(open_picture(PANORAMA[:, :-2], 18, 24).capture.frames) == 1


def test_an_environment_opens_inside_of_a_panorama_and_turns_round():
    env = gym.make("wm_gym/Explore-v0", backend="memory_only", resolution=(36, 48), finer=1)
    first, _ = env.reset(seed=0, options={"image": drawn(160)})
    for _ in range(10):  # half a turn
        observation, *_ = env.step(6)
    assert (observation["depth"] > 0).mean() > 0.9
    shown, began = observation["rgb"][18, 24].astype(int), first["rgb"][18, 24].astype(int)
    assert np.abs(shown - began).max() > 60, "another heading has another colour"
    env.close()


def test_light_is_developed_so_that_bright_parts_are_nearly_white():
    light = np.geomspace(1e-3, 1e4, 1000)[:, None, None].repeat(3, 2)
    levels = developed(light)[:, 0, 0].astype(int)
    assert levels[900] == pytest.approx(232, abs=3) and levels[-1] == 255 and levels[0] == 0
    assert developed(np.array([[[np.nan, -1.0, np.inf]]], np.float32)).shape == (1, 1, 3)
    light = np.ones((20, 20, 3))
    light[10, 10], light[10, 11] = 500.0, (-80.0, -90.0, 40.0)
    assert developed(light)[10, 11].tolist() == [255, 255, 255], "beside a lamp, not a hole"


def refused(capsys, *words):
    assert main(list(words)) == 2
    return capsys.readouterr().err.strip()


def test_the_command_makes_a_capture_and_refuses_what_is_none(tmp_path, capsys):
    path, output = tmp_path / "hall.png", tmp_path / "hall.npz"
    Image.fromarray(drawn(200)).save(path)
    assert main(["capture", f"from={path}", f"output={output}", "height=96", "width=120"]) == 0
    assert load_capture(output, 48, 60).name == "hall" and output.with_suffix(".json").exists()
    output.unlink()
    error = refused(capsys, "capture", f"from={path}", f"output={output}")
    assert error == "wm-gym capture: a panorama of 400 columns gives pictures of at most 127 columns, got 256"
    Image.fromarray(PANORAMA[:, :-40]).save(path)
    error = refused(capsys, "capture", f"from={path}", f"output={output}")
    assert error == f"wm-gym capture: a panorama must be twice as wide as high, got 120 x 200 pixels in {str(path)!r}"
    path.write_bytes(path.read_bytes()[:100])
    error = refused(capsys, "capture", f"from={path}", f"output={output}")
    assert error == f"wm-gym capture: from must be a panorama that can be read whole, got {str(path)!r}"
    assert not output.exists()


@pytest.mark.slow
def test_an_exr_is_read_and_a_damaged_one_refused(tmp_path):
    exr = pytest.importorskip("OpenEXR")
    header = {"compression": exr.ZIP_COMPRESSION, "type": exr.scanlineimage}
    light = (drawn(40).astype(np.float32) / 255) ** 2.2
    path = tmp_path / "light.exr"
    exr.File(header, {"RGB": light}).write(str(path))
    assert read_panorama(path).shape == (40, 80, 3) and len(open_picture(path, 12, 16).capture.frames) == 20
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="must be a panorama that can be read whole"):
        read_panorama(path)
