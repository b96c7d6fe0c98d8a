"""The way of a camera from its pictures alone, by COLMAP's structure from motion; its scale by estimated depth.

Source: Schoenberger and Frahm 2016, "Structure-from-motion revisited", by `pycolmap`. Knows nothing of films.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from wm_gym.reconstruction.sameness import Rgbd

_OVERLAP, _MOST_FEATURES, _SEED = 6, 1500, 0
_LEAST_POINTS = 30
_MOST_SPREAD = 0.5


def has_colmap() -> bool:
    """Whether `pycolmap` is installed."""
    try:
        _pycolmap()
    except ImportError:
        return False
    return True


def camera_path(frames: Sequence[Rgbd], intrinsics: np.ndarray) -> list[np.ndarray] | None:
    """(4, 4) pose of each camera in the first one's frame, metres; None where the pictures cannot be put together.

    All of them must fit together, and their points must lie at the depth that is estimated, but for one scale.

    Args:
        frames: Pictures with their estimated depth.
        intrinsics: (4,) fx, fy, cx, cy in pixels, with pixel centres at +0.5.

    Raises:
        ImportError: If `pycolmap` is not installed.
    """
    with TemporaryDirectory() as folder:
        model = _largest(_pycolmap(), Path(folder), frames, intrinsics)
    if model is None:
        return None
    images = {int(image.name[:5]): image for image in model.images.values() if image.has_pose}
    if sorted(images) != list(range(len(frames))):
        return None
    ratios = np.concatenate([_ratios(model, images[k], frame.depth) for k, frame in enumerate(frames)])
    if len(ratios) < _LEAST_POINTS or float(np.subtract(*np.percentile(ratios, (75, 25)))) > _MOST_SPREAD:
        return None
    scale = float(np.exp(np.median(ratios)))
    poses = [_pose(images[k], scale) for k in range(len(frames))]
    first = np.linalg.inv(poses[0])
    return [first @ pose for pose in poses]


def _pycolmap() -> ModuleType:
    try:
        import pycolmap  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError("structure from motion needs pycolmap: pip install 'wm-gym[films]'") from error
    pycolmap.logging.minloglevel = 3
    return pycolmap


def _largest(colmap: ModuleType, folder: Path, frames: Sequence[Rgbd], intrinsics: np.ndarray) -> Any:
    """The model that most pictures are part of, or None."""
    pictures, database = folder / "pictures", folder / "database.db"
    pictures.mkdir()
    for k, frame in enumerate(frames):
        Image.fromarray(frame.colour).save(pictures / f"{k:05d}.png")
    colmap.set_random_seed(_SEED)
    reader = colmap.ImageReaderOptions()
    reader.camera_model, reader.camera_params = "PINHOLE", ",".join(f"{one:.6f}" for one in intrinsics)
    features = colmap.FeatureExtractionOptions()
    features.num_threads, features.use_gpu = 1, False
    features.sift.max_num_features = _MOST_FEATURES
    features.sift.peak_threshold = 0.003  # small pictures have few strong corners
    one_lens, cpu = colmap.CameraMode.SINGLE, colmap.Device.cpu
    colmap.extract_features(
        database, pictures, camera_mode=one_lens, reader_options=reader, extraction_options=features, device=cpu
    )
    matching, pairs = colmap.FeatureMatchingOptions(), colmap.SequentialPairingOptions()
    matching.num_threads, matching.use_gpu, pairs.overlap = 1, False, _OVERLAP
    colmap.match_sequential(database, matching_options=matching, pairing_options=pairs, device=cpu)
    models = colmap.incremental_mapping(database, pictures, folder / "models", _mapping(colmap))
    return max(models.values(), key=lambda model: model.num_reg_images(), default=None)


def _mapping(colmap: ModuleType) -> Any:
    """Options of a walk through a known lens: it goes ahead slowly, so that rays meet at small angles."""
    options = colmap.IncrementalPipelineOptions()
    options.num_threads, options.multiple_models, options.random_seed = 1, False, _SEED
    options.ba_refine_focal_length = options.ba_refine_principal_point = options.ba_refine_extra_params = False
    options.min_num_matches = 12
    options.mapper.init_min_tri_angle, options.mapper.init_min_num_inliers = 4.0, 40
    options.mapper.abs_pose_min_num_inliers = 12
    return options


def _ratios(model: Any, image: Any, depth: np.ndarray) -> np.ndarray:
    """Log of estimated metres for a unit of the model, at the points that a picture shows."""
    seen = [(point.xy, model.points3D[point.point3D_id].xyz) for point in image.points2D if point.has_point3D()]
    if not seen:
        return np.zeros(0)
    pixels, points = (np.array(one) for one in zip(*seen, strict=True))
    pose = image.cam_from_world().matrix()
    away = points @ pose[2, :3] + pose[2, 3]
    columns, rows = pixels.astype(int).T
    metres = depth[rows.clip(0, depth.shape[0] - 1), columns.clip(0, depth.shape[1] - 1)]
    known = (metres > 0) & (away > 1e-6)
    return np.log(metres[known] / away[known])


def _pose(image: Any, scale: float) -> np.ndarray:
    pose = np.eye(4)
    pose[:3] = image.cam_from_world().inverse().matrix()
    pose[:3, 3] *= scale
    return pose
