"""Points that pictures of one camera share, by COLMAP's features and matches: `pycolmap`.

Knows nothing of poses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import numpy as np
from PIL import Image
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

_ENLARGED_ROWS, _MOST_FEATURES, _OVERLAP, _SEED = 384, 2000, 6, 0
_LEAST_PICTURES = 2

Pair = tuple[int, int, np.ndarray]
"""Two pictures, and the numbers (M, 2) of features of theirs that match."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """N sightings of points.

    Attributes:
        point: (N,) number of the point, from 0.
        picture: (N,) number of the picture; a picture shows a point once at most.
        pixel: (N, 2) x, y in pixels with centres at +0.5.
    """

    point: np.ndarray
    picture: np.ndarray
    pixel: np.ndarray


def has_colmap() -> bool:
    """Whether `pycolmap` is installed."""
    try:
        pycolmap_of()
    except ImportError:
        return False
    return True


def find_tracks(pictures: Sequence[np.ndarray], intrinsics: np.ndarray) -> Tracks:
    """Points that pictures share with those near them in time.

    Args:
        pictures: (H, W, 3) uint8 each.
        intrinsics: (4,) fx, fy, cx, cy in pixels.

    Raises:
        ImportError: If `pycolmap` is not installed.
    """
    colmap, factor = pycolmap_of(), max(1, round(_ENLARGED_ROWS / pictures[0].shape[0]))
    with TemporaryDirectory() as folder:
        database = Path(folder) / "features.db"
        _match(colmap, database, Path(folder) / "pictures", pictures, intrinsics * factor, factor)
        with colmap.Database.open(database) as opened:
            numbers = {image.image_id: int(image.name[:5]) for image in opened.read_all_images()}
            pixels = {numbers[one]: opened.read_keypoints(one)[:, :2] / factor for one in numbers}
            found = zip(*opened.read_two_view_geometries(), strict=True)
            named = [(colmap.pair_id_to_image_pair(pair), geometry.inlier_matches) for pair, geometry in found]
            pairs = [(numbers[first], numbers[second], matches) for (first, second), matches in named]
    return joined_matches(pixels, pairs)


def _match(
    colmap: ModuleType, database: Path, folder: Path, pictures: Sequence[np.ndarray], lens: np.ndarray, factor: int
) -> None:
    """Fill a database with features of enlarged pictures, in which corners are found better, and their matches."""
    folder.mkdir()
    for k, picture in enumerate(pictures):
        image = Image.fromarray(picture)
        size = image.width * factor, image.height * factor
        (image.resize(size, Image.Resampling.BICUBIC) if factor > 1 else image).save(folder / f"{k:05d}.png")
    colmap.set_random_seed(_SEED)
    reader = colmap.ImageReaderOptions()
    reader.camera_model, reader.camera_params = "PINHOLE", ",".join(f"{one:.6f}" for one in lens)
    features = colmap.FeatureExtractionOptions()
    features.num_threads, features.use_gpu = 1, False
    features.sift.max_num_features, features.sift.first_octave = _MOST_FEATURES, 0
    features.sift.peak_threshold = 0.002  # small pictures have few strong corners
    one_lens, cpu = colmap.CameraMode.SINGLE, colmap.Device.cpu
    colmap.extract_features(
        database, folder, camera_mode=one_lens, reader_options=reader, extraction_options=features, device=cpu
    )
    matching, pairs = colmap.FeatureMatchingOptions(), colmap.SequentialPairingOptions()
    matching.num_threads, matching.use_gpu = 1, False
    pairs.overlap, pairs.quadratic_overlap = _OVERLAP, True
    colmap.match_sequential(database, matching_options=matching, pairing_options=pairs, device=cpu)


def joined_matches(pixels: dict[int, np.ndarray], pairs: Sequence[Pair]) -> Tracks:
    """Matches of pairs joined to tracks. A track that meets a picture at two pixels is no point, and is left out."""
    counts = [len(pixels[k]) for k in range(len(pixels))]
    starts = np.concatenate([[0], np.cumsum(counts)])
    links = [np.stack([starts[a] + found[:, 0], starts[b] + found[:, 1]]) for a, b, found in pairs if len(found)]
    one, other = np.concatenate(links, 1).astype(int) if links else np.zeros((2, 0), int)
    graph = coo_matrix((np.ones(len(one)), (one, other)), shape=(starts[-1], starts[-1]))
    _, track = connected_components(graph, directed=False)
    picture = np.repeat(np.arange(len(counts)), counts)
    length = np.bincount(track)
    places = np.bincount(np.unique(np.stack([track, picture], 1), axis=0)[:, 0], minlength=len(length))
    kept = ((length == places) & (length >= _LEAST_PICTURES))[track]
    _, point = np.unique(track[kept], return_inverse=True)
    return Tracks(point, picture[kept], np.concatenate([pixels[k] for k in range(len(counts))])[kept])


def pycolmap_of() -> ModuleType:
    """The module, told to be quiet.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import pycolmap  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError("structure from motion needs pycolmap: pip install 'wm-gym[films]'") from error
    pycolmap.logging.minloglevel = 3
    return pycolmap
