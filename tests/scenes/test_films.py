import json

import gymnasium as gym
import numpy as np
import pytest
import torch
from drawn_logs import FOCAL, HEIGHT, WIDTH, camera, draw

import wm_gym  # noqa: F401
from wm_gym.cli import main
from wm_gym.files.video import VideoWriter
from wm_gym.reconstruction.estimates import DepthEstimate, Kind
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.logs.convert import LogConfig
from wm_gym.scenes.logs.films import convert_film, height_over_floor, read_pictures

FOV = float(np.degrees(2 * np.arctan(WIDTH / 2 / FOCAL)))


class Drawn:
    """Disparity of the pictures of a film, of a scale and shift of its own, known by their colours."""

    kind: Kind = "disparity"
    takes_known = False

    def __init__(self, colours, depths):
        self.colours, self.depths = np.stack(colours).astype(int), depths

    def estimate(self, query):
        found = [int(np.abs(self.colours - one.numpy().astype(int)).mean((1, 2, 3)).argmin()) for one in query.frames]
        return DepthEstimate(torch.stack([torch.from_numpy(3.0 / self.depths[k] + 0.4).float() for k in found]))


def filmed(path, poses, fps=6.0):
    """A film of the drawn room, and an estimator that knows it."""
    drawn = [draw(pose, is_varied=True) for pose in poses]
    with VideoWriter(path, fps, HEIGHT, WIDTH) as video:
        for colour, _ in drawn:
            video.add(colour)
    return Drawn([colour for colour, _ in drawn], [depth for _, depth in drawn])


def ahead(count=10):
    """A walk ahead and a little to the left, at a body's height."""
    return [camera(0.12 * k, 0.04 * k, 3.0 * k, z=0.1) for k in range(count)]


CONFIG = LogConfig(fov_degrees=FOV)
SIZES = {"height": HEIGHT, "width": WIDTH, "keyframes": 8}


def test_a_film_becomes_a_capture_with_the_way_of_its_camera(tmp_path):
    poses = ahead()
    estimator = filmed(tmp_path / "walk.mp4", poses)
    opening, report = convert_film(tmp_path / "walk.mp4", estimator, CONFIG, **SIZES)
    assert opening.capture is not None and report["format"] == "film" and report["agreement"] > 0.8
    assert report["notes"][0].startswith("depth is estimated, scale 0.33")
    known = {f"{k / 6:.2f} s": pose for k, pose in enumerate(poses)}
    files = [row["file"] for row in report["kept"]]
    came = opening.capture.world_from_camera[-len(files) :, :2, 3].numpy()
    opened_from_room = camera(0, 0, 0) @ np.linalg.inv(known[report["opens_at"]])
    true = np.array([(opened_from_room @ known[name])[:2, 3] for name in files])
    assert len(files) > 1 and np.linalg.norm(came - true, axis=1).max() < 0.1, "of a walk of 1.1 m"


def test_the_sharpest_picture_of_each_sixth_of_a_second_is_taken(tmp_path):
    filmed(tmp_path / "walk.mp4", ahead(12), fps=18.0)
    assert len(read_pictures(tmp_path / "walk.mp4")) == 4


def cut():
    return [*ahead(5), *(camera(-2.0, 2.0, 180.0 + 3 * k, z=0.1) for k in range(5))]


@pytest.mark.parametrize(
    ("poses", "message"),
    [
        (cut(), "a film must have no cut and no turn too fast to follow, got one at 0.8 s"),
        (
            [camera(0.0, 0.0, 2.0 * k, z=0.1) for k in range(6)],
            r"a film must move through its place by at least 3% of the depth it shows \(\d.\d m\), got 0.\d\d m: "
            "there is no parallax",
        ),
        (ahead(2), "a film must last at least 0.5 s, got 2 pictures of .*"),
    ],
)
def test_a_film_that_cannot_be_followed_is_refused(poses, message, tmp_path):
    estimator = filmed(tmp_path / "walk.mp4", poses)
    with pytest.raises(ValueError, match=f"^{message}$"):
        convert_film(tmp_path / "walk.mp4", estimator, CONFIG, **SIZES)


def test_the_command_converts_a_film_and_refuses_what_is_none(tmp_path, capsys, monkeypatch):
    path, output = tmp_path / "walk.mp4", tmp_path / "walk.npz"
    estimator = filmed(path, ahead(6))
    settings = [f"from={path}", f"output={output}", "height=72", "width=96", f"log.fov_degrees={FOV}"]
    assert main(["capture", *settings, "log.depth=ground"]) == 2
    told = "wm-gym capture: log.depth must name who estimates the depth of a film, got 'ground'\n"
    assert capsys.readouterr().err == told
    monkeypatch.setattr("wm_gym.train_world.data.capture_scene.find_estimator", lambda depth, masks: estimator)
    assert main(["capture", *settings, "log.depth=model"]) == 0
    assert json.loads(output.with_suffix(".json").read_text())["format"] == "film"
    assert load_capture(output, 36, 48).name == "walk"
    capsys.readouterr()
    path.write_bytes(path.read_bytes()[:900])
    output.unlink()
    assert main(["capture", *settings, "log.depth=model"]) == 2
    assert f"{path} must be a film that can be read whole, got " in capsys.readouterr().err and not output.exists()
    assert main(["capture", "from=no.mp4", f"output={output}", "log.depth=model"]) == 2
    assert capsys.readouterr().err == "wm-gym capture: from must be a film that is there, got 'no.mp4', which is not\n"


def test_an_environment_opens_on_a_film_and_walks(tmp_path, monkeypatch):
    estimator = filmed(tmp_path / "walk.mp4", ahead())
    monkeypatch.setattr("wm_gym.reconstruction.settings.find_estimator", lambda depth: estimator)
    env = gym.make(
        "wm_gym/Explore-v0",
        backend="memory_only",
        resolution=(36, 48),
        finer=2,
        reconstruction_settings={"depth": "it"},
    )
    observation, _ = env.reset(seed=0, options={"video": tmp_path / "walk.mp4"})
    assert float((observation["depth"] > 0).mean()) > 0.7
    before = float(np.median(observation["depth"][16:20, 20:28]))
    for _ in range(2):
        observation, *_ = env.step(1)
    assert float(np.median(observation["depth"][16:20, 20:28])) < before
    env.close()


def test_a_film_needs_an_estimator_of_its_depth(tmp_path):
    filmed(tmp_path / "walk.mp4", ahead(3))
    settings = {"reconstruction_settings": {"depth": "ground"}, "resolution": (36, 48)}
    env = gym.make("wm_gym/Explore-v0", backend="memory_only", **settings)
    with pytest.raises(ValueError, match=r"^option 'video' must come with reconstruction_settings=\{'depth': \.\.\.\}"):
        env.reset(options={"video": tmp_path / "walk.mp4"})
    env.close()


def walked_street(below=1.6):
    """Cameras along x, and points of a pavement under them and of a road .15 m lower beside it."""
    rng = np.random.default_rng(0)
    cameras = np.stack([np.arange(0, 6, 0.2), np.zeros(30), np.full(30, 0.3)], 1)
    pavement = np.stack([rng.uniform(0, 8, 800), rng.uniform(-1, 1, 800), np.full(800, 0.3 - below)], 1)
    road = np.stack([rng.uniform(0, 8, 4000), rng.uniform(1, 6, 4000), np.full(4000, 0.15 - below)], 1)
    house = np.stack([rng.uniform(0, 8, 3000), np.full(3000, -1.2), rng.uniform(-1, 3, 3000)], 1)
    return cameras, pavement, road, house


def test_a_camera_is_as_high_as_over_the_floor_that_it_walked_over():
    cameras, pavement, road, house = walked_street(below=2.0)
    noise = np.random.default_rng(1).normal(0, 0.01, (7800, 3))
    height = height_over_floor(cameras, np.concatenate([pavement, road, house]) + noise)
    assert height == pytest.approx(2.0, abs=0.02)
    farther = height_over_floor(cameras, road + noise[:4000])
    assert farther == pytest.approx(2.15, abs=0.03), "where nothing of what was walked over was seen"


def test_a_wall_is_no_floor():
    cameras, _, _, house = walked_street()
    assert height_over_floor(cameras, house) is None
    assert height_over_floor(cameras, house[:50]) is None
