"""Posed RGB-D frames fused into one surface, as a cloud or a mesh, by Open3D's grid of signed distances.

Source: Curless and Levoy 1996; Dong et al. 2023 (the grid). Knows nothing of captures or memories.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.files.atomic import write_atomically
from wm_gym.reconstruction.glb import glb_bytes
from wm_gym.reconstruction.open3d_bridge import import_open3d

MESH_SUFFIXES = (".ply", ".glb", ".obj", ".stl")
_TRUNCATION_VOXELS, _LEAST_WEIGHT = 4.0, 0.5
_BLOCK, _BLOCKS = 8, 20_000
_COLOUR = 255.0
_EDGE = 0.1


@dataclass(frozen=True)
class FusionConfig:
    """How finely frames are fused.

    Attributes:
        voxel_metres: Side of a voxel.
        farthest_metres: What is farther from a camera is left out, the sky with it.
    """

    voxel_metres: float = 0.05
    farthest_metres: float = 15.0

    def __post_init__(self) -> None:
        for name in ("voxel_metres", "farthest_metres"):
            if not 0.0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


class Fusion:
    """A surface that frames are added to."""

    def __init__(self, config: FusionConfig | None = None) -> None:
        """An empty volume.

        Raises:
            ImportError: If Open3D is not installed.
        """
        self.config = config or FusionConfig()
        self._core = open3d = import_open3d()
        self._grid = open3d.t.geometry.VoxelBlockGrid(
            attr_names=("tsdf", "weight", "color"),
            attr_dtypes=(open3d.core.float32,) * 3,
            attr_channels=((1), (1), (3)),
            voxel_size=self.config.voxel_metres,
            block_resolution=_BLOCK,
            block_count=_BLOCKS,
        )
        self._is_empty = True

    def add(self, frame: np.ndarray, depth: np.ndarray, world_from_camera: np.ndarray, intrinsics: np.ndarray) -> None:
        """Add one frame.

        Args:
            frame: (H, W, 3) uint8.
            depth: (H, W) metres, 0 unknown.
            world_from_camera: (4, 4).
            intrinsics: (4,) fx, fy, cx, cy, with pixel centres at +0.5.
        """
        tensor, image = self._core.core.Tensor, self._core.t.geometry.Image
        farthest = self.config.farthest_metres
        kept = np.where((depth <= farthest) & ~_is_edge(depth), depth, 0.0).astype(np.float32)
        if not kept.any():
            return
        self._is_empty = False
        fx, fy, cx, cy = (float(one) for one in intrinsics)
        lens = tensor(np.array([[fx, 0, cx - 0.5], [0, fy, cy - 0.5], [0, 0, 1]]))  # its centres are whole numbers
        camera_from_world = tensor(np.linalg.inv(world_from_camera.astype(np.float64)))
        metres, colours = image(tensor(kept)), image(tensor(frame.astype(np.float32) / _COLOUR))
        limits = (1.0, farthest, _TRUNCATION_VOXELS)
        blocks = self._grid.compute_unique_block_coordinates(metres, lens, camera_from_world, *limits)
        self._grid.integrate(blocks, metres, colours, lens, lens, camera_from_world, *limits)

    def cloud(self) -> tuple[np.ndarray, np.ndarray]:
        """Points on the surface, (P, 3) float32 metres, and their colours, (P, 3) uint8."""
        if self._is_empty:
            return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8)
        cloud = self._grid.extract_point_cloud(weight_threshold=_LEAST_WEIGHT)
        colours = np.rint(cloud.point.colors.numpy() * _COLOUR).clip(0, 255).astype(np.uint8)
        return cloud.point.positions.numpy().astype(np.float32), colours

    def mesh(self) -> Any:
        """The surface as an `open3d.geometry.TriangleMesh` with normals and colours of vertices."""
        if self._is_empty:
            return self._core.geometry.TriangleMesh()
        mesh = self._grid.extract_triangle_mesh(weight_threshold=_LEAST_WEIGHT).to_legacy()
        mesh.compute_vertex_normals()
        return mesh


def write_mesh(path: Path, mesh: Any) -> None:
    """Write a mesh, whole or not at all; `.glb` with y up, as glTF has it, all others with z up.

    Raises:
        ValueError: If the file ends in none of `MESH_SUFFIXES`, or the mesh is empty.
        RuntimeError: If the disk cannot take it.
    """
    if path.suffix not in MESH_SUFFIXES:
        raise ValueError(f"a mesh must be written to a file that ends in {', '.join(MESH_SUFFIXES)}, got {str(path)!r}")
    if not len(mesh.triangles):
        raise ValueError(f"a mesh must have triangles, got none for {path}")
    data = _glb(mesh) if path.suffix == ".glb" else _written(mesh, path)
    write_atomically(path, lambda file: file.write(data))


def _glb(mesh: Any) -> bytes:
    fields = (mesh.vertices, mesh.vertex_normals, mesh.vertex_colors, mesh.triangles)
    return glb_bytes(*(np.asarray(field) for field in fields))


def _written(mesh: Any, path: Path) -> bytes:
    """The bytes of the file that Open3D writes."""
    mesh.vertex_colors = type(mesh.vertex_colors)(np.asarray(mesh.vertex_colors).clip(0.0, 1.0))
    with tempfile.TemporaryDirectory() as folder:  # Open3D writes to paths only
        made = Path(folder) / f"mesh{path.suffix}"
        if not import_open3d().io.write_triangle_mesh(str(made), mesh):
            raise RuntimeError(f"{path} could not be written: Open3D refused")
        return made.read_bytes()


def _is_edge(depth: np.ndarray) -> np.ndarray:
    """(H, W) whether a pixel lies on the far side of a jump of depth, where it may be of two surfaces."""
    padded = np.pad(np.where(depth > 0, depth, np.inf), 1, mode="edge")
    least = np.min([padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]], axis=0)
    return depth > least * (1 + _EDGE) + _EDGE
