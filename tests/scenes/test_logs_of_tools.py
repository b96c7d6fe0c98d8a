"""Logs as the tools of their formats read and write them. A tool that is not installed is not asked."""

import warnings

import numpy as np
import pytest
from drawn_logs import HEIGHT, OPENGL_FROM_OPENCV, WIDTH, walk, write_colmap, write_nerfstudio, write_tum

from wm_gym.scenes.logs.colmap import read_colmap
from wm_gym.scenes.logs.nerfstudio import read_nerfstudio
from wm_gym.scenes.logs.posed_log import LogHints
from wm_gym.scenes.logs.tum import read_tum

LOG = walk(6, turn=8.0, step=0.3)


def test_evo_reads_the_trajectory_that_is_read_here(tmp_path):
    interface = pytest.importorskip("evo.tools.file_interface")
    folder = write_tum(tmp_path / "log", LOG)
    told = interface.read_tum_trajectory_file(str(folder / "groundtruth.txt"))
    ours = read_tum(folder, LogHints())
    assert np.allclose(told.poses_se3, LOG.poses, atol=1e-6)
    assert np.allclose([frame.world_from_camera for frame in ours.frames], told.poses_se3, atol=1e-9)
    interface.write_tum_trajectory_file(str(folder / "groundtruth.txt"), told)
    again = read_tum(folder, LogHints())
    assert np.allclose([frame.world_from_camera for frame in again.frames], LOG.poses, atol=1e-6)


@pytest.mark.parametrize("is_binary", [False, True])
def test_pycolmap_reads_the_model_that_is_read_here_and_what_it_writes_is_read(is_binary, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        colmap = pytest.importorskip("pycolmap")
        folder = write_colmap(tmp_path / "log", LOG, is_binary=is_binary)
        points = folder / "sparse/0/points3D"
        points.with_suffix(".bin" if is_binary else ".txt").write_bytes(bytes(8) if is_binary else b"")
        told = colmap.Reconstruction(str(folder / "sparse/0"))
        images = {image.name: image for image in told.images.values()}
        for frame, pose in zip(read_colmap(folder, LogHints()).frames, LOG.poses, strict=True):
            image = images[frame.colour.name]
            assert np.allclose(image.cam_from_world().inverse().matrix(), frame.world_from_camera[:3], atol=1e-9)
            assert np.allclose(frame.world_from_camera, pose, atol=1e-6)
            assert np.allclose(image.camera.params, frame.lens.pinhole())
            assert (image.camera.height, image.camera.width) == (frame.lens.height, frame.lens.width)
        for path in (folder / "sparse/0").iterdir():
            path.unlink()
        (told.write_text if is_binary else told.write_binary)(str(folder / "sparse/0"))  # the other one
    again = read_colmap(folder, LogHints())
    assert len(again.frames) == len(LOG.poses) and again.frames[0].lens.height == HEIGHT
    assert np.allclose([frame.world_from_camera for frame in again.frames], LOG.poses, atol=1e-6)
    assert again.frames[0].lens.width == WIDTH


@pytest.mark.slow
def test_nerfstudio_reads_the_transforms_that_are_read_here(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = "nerfstudio.data.dataparsers.nerfstudio_dataparser"
        parser = pytest.importorskip(name, exc_type=ImportError)
        folder = write_nerfstudio(tmp_path / "log", LOG, (0.05, -0.02))
        as_it_is = {"orientation_method": "none", "center_method": "none", "auto_scale_poses": False}
        config = parser.NerfstudioDataParserConfig(data=folder, eval_mode="all", load_3D_points=False, **as_it_is)
        told = config.setup().get_dataparser_outputs("train")
    log, cameras = read_nerfstudio(folder, LogHints()), told.cameras
    assert [frame.colour.name for frame in log.frames] == [path.name for path in told.image_filenames]
    assert [frame.depth for frame in log.frames] == [path.resolve() for path in told.metadata["depth_filenames"]]
    assert told.metadata["depth_unit_scale_factor"] == pytest.approx(1 / log.depth_units_per_metre)
    for frame, pose in zip(log.frames, cameras.camera_to_worlds.numpy(), strict=True):
        assert np.allclose((frame.world_from_camera @ OPENGL_FROM_OPENCV)[:3], pose, atol=1e-6)
    lens = log.frames[0].lens
    theirs = [float(one[0]) for one in (cameras.fx, cameras.fy, cameras.cx, cameras.cy)]
    assert np.allclose(theirs, lens.pinhole()) and int(cameras.height[0]) == lens.height
    k1, k2, _, _, p1, p2 = cameras.distortion_params[0].tolist()
    assert np.allclose([k1, k2, p1, p2], lens.distortion)
