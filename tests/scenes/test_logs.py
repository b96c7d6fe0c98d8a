import json

import gymnasium as gym
import numpy as np
import pytest
from drawn_logs import COLOURS, FOCAL, HIGH, LOW, WIDTH, WRITERS, draw, walk, write_nerfstudio, write_scannet, write_tum
from PIL import Image, ImageFilter

import wm_gym  # noqa: F401
from wm_gym.cli import main
from wm_gym.geometry.cameras import unproject
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.logs.convert import LogConfig, convert_log
from wm_gym.scenes.logs.lenses import Lens, colour_as, depth_as
from wm_gym.scenes.logs.levelling import up_of

LOG = walk()


def converted(folder, **settings):
    sizes = {"height": 72, "width": 96, "keyframes": 12} | {
        name: settings.pop(name) for name in ("height", "width", "keyframes") if name in settings
    }
    opening, report = convert_log(folder, LogConfig(**settings), **sizes)
    assert opening.capture is not None
    return opening, opening.capture, report


def off_the_room(capture, rows=slice(None)):
    """Distance of the points of key frames from the walls of the drawn room, in the capture's world."""
    points = unproject(capture.depth[rows], capture.intrinsics, capture.world_from_camera[rows]).numpy()
    points, known = points.reshape(-1, 3), capture.depth[rows].numpy().ravel() > 0
    # the camera that opens it stood at (0, 0, 0) of the drawn room, 0.1 m too low, and looked along x
    points = points[known] + [0.0, 0.0, 0.1]
    return np.minimum(np.abs(points - LOW), np.abs(points - HIGH)).min(1)


@pytest.mark.parametrize("name", WRITERS)
def test_a_log_of_each_format_becomes_the_room_it_was_taken_in(name, tmp_path):
    _, capture, report = converted(WRITERS[name](tmp_path / "log", LOG))
    assert report["format"] == name.removesuffix("-binary")
    assert report["agreement"] > 0.95 and report["coverage"] > 0.9 and report["up_from"] == "floor"
    assert report["camera_over_floor_metres"] == pytest.approx(1.5, abs=0.01)
    off = off_the_room(capture)
    assert np.quantile(off, 0.98) < 0.02


def test_the_opening_view_is_level_and_at_a_body_s_height_and_keeps_colours(tmp_path):
    _, capture, report = converted(write_tum(tmp_path, LOG))
    frame, depth = capture.frames[0].numpy(), capture.depth[0].numpy()
    true, metres = draw(np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0.1], [0, 0, 0, 1.0]]))
    known = depth > 0
    assert report["opening_known"] == pytest.approx(known.mean(), abs=1e-3) and known.mean() > 0.7
    assert np.median(np.abs(depth[known] / metres[known] - 1)) < 0.01
    assert np.median(np.abs(frame[known].astype(int) - true[known])) < 12
    assert set(map(tuple, frame[~known])) <= set(map(tuple, frame[known])), "what is not known repeats what is"


def test_a_log_that_opens_level_at_a_body_s_height_keeps_its_first_picture(tmp_path):
    level = walk(pitch=0.0, roll=0.0, z=0.1)
    _, capture, report = converted(write_tum(tmp_path, level))
    assert np.array_equal(capture.frames[0].numpy(), level.colours[0])
    assert len(capture.frames) == len(report["kept"])


def test_distortion_is_undone(tmp_path):
    bent = (-0.15, 0.02)
    _, capture, report = converted(write_nerfstudio(tmp_path, walk(distortion=bent), bent))
    assert report["notes"] == ["distortion was undone"]
    assert np.quantile(off_the_room(capture), 0.97) < 0.03


def test_frames_without_a_pose_and_pictures_out_of_focus_are_left_out(tmp_path):
    folder = write_scannet(tmp_path, LOG)
    np.savetxt(folder / "pose/3.txt", np.full((4, 4), -np.inf))
    blurred = Image.open(folder / "color/5.png").filter(ImageFilter.GaussianBlur(3))
    blurred.save(folder / "color/5.png")
    (folder / "depth/7.png").unlink()
    _, _, report = converted(folder)
    assert report["left_out_files"] == {"without depth": ["7.png"], "without pose": ["3.png"], "blurred": ["5.png"]}
    assert not {"3.png", "5.png", "7.png"} & {row["file"] for row in report["kept"]}


def test_a_camera_that_stands_still_gives_one_key_frame(tmp_path):
    still = walk(5)
    still.poses[:], still.colours[:], still.depths[:] = still.poses[0], still.colours[0], still.depths[0]
    _, _, report = converted(write_tum(tmp_path, still))
    assert len(report["kept"]) == 1 and report["left_out"] == {"without motion": 4}


def test_key_frames_are_those_that_add_most(tmp_path):
    folder = write_tum(tmp_path, LOG)
    _, _, few = converted(folder, keyframes=4)
    _, _, many = converted(folder, keyframes=12)
    assert len(few["kept"]) == 4 and few["coverage"] < many["coverage"]
    assert few["kept"][0]["overlap"] == 0.0


def test_up_is_square_to_the_right_of_cameras_that_look_down():
    assert np.allclose(up_of(walk(pitch=-30.0, roll=0.0).poses), [0, 0, 1], atol=1e-6)


def test_a_picture_through_its_own_lens_stays_as_it_is():
    lens = Lens(WIDTH, 72, FOCAL, FOCAL, 48.0, 36.0)
    assert np.array_equal(colour_as(LOG.colours[0], lens, lens), LOG.colours[0])
    assert np.array_equal(depth_as(LOG.depths[0], lens, lens), LOG.depths[0].astype(np.float32))


def test_pictures_are_cropped_to_proportions_and_reduced_to_means():
    lens = Lens(WIDTH, 72, FOCAL, FOCAL, 48.0, 36.0)
    half = lens.cropped(36, 36)
    expected = LOG.colours[0][:, 12:84].reshape(36, 2, 36, 2, 3).mean((1, 3))
    assert half.pinhole().tolist() == [35.0, 35.0, 18.0, 18.0]
    assert np.abs(colour_as(LOG.colours[0], lens, half) - expected).max() <= 1


def test_the_command_writes_a_world_that_opens_and_a_report(tmp_path, capsys):
    write_tum(tmp_path / "hall", LOG)
    output = tmp_path / "out/hall.npz"
    settings = [f"from={tmp_path / 'hall'}", f"output={output}", "height=72", "width=96", "log.prompt=A hall."]
    assert main(["capture", *settings]) == 0
    told = capsys.readouterr().out
    assert f"{output} holds the capture" in told and "hall.json says what was kept and why" in told
    report = json.loads(output.with_suffix(".json").read_text())
    assert report["format"] == "tum" and sorted(one.name for one in output.parent.iterdir()) == [
        "hall.json",
        "hall.npz",
    ]
    opening = load_capture(output, 36, 48)
    assert (opening.name, opening.prompt) == ("hall", "A hall.")
    env = gym.make("wm_gym/Explore-v0", backend="memory_only", world=str(output), resolution=(36, 48), finer=2)
    observation, _ = env.reset(seed=0)
    middle = float(observation["depth"][18, 24, 0])
    for _ in range(4):
        observation, _, _, _, _ = env.step(1)
    assert middle == pytest.approx(HIGH[0], rel=0.03) and COLOURS.max() >= observation["rgb"].max()
    assert float(observation["depth"][18, 24, 0]) < middle - 0.5, "the wall ahead comes nearer"
    env.close()


def test_key_frames_may_keep_the_size_of_the_pictures(tmp_path):
    _, capture, report = converted(write_tum(tmp_path, LOG), own_size=True, height=192, width=256)
    assert report["size"] == [72, 96] and tuple(capture.depth.shape[1:]) == (72, 96)
