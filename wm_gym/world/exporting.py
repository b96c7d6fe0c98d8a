"""`wm-gym export`: a capture or a saved state as a point cloud or a mesh. Knows nothing of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from wm_gym.choices import check_choice
from wm_gym.files.atomic import check_writable
from wm_gym.files.checksummed import read_file
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import camera_pose
from wm_gym.memory.cloud import point_cloud
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.progress import progress_bar
from wm_gym.reconstruction.fusion import MESH_SUFFIXES, Fusion, FusionConfig, write_mesh
from wm_gym.reconstruction.ply import write_ply
from wm_gym.scenes.captures import load_capture
from wm_gym.world.serialization import memories_of
from wm_gym.world_model import Capture

KINDS = ("cloud", "mesh")
_VIEW_SIZE, _VIEW_FOV_DEGREES, _HEADINGS, _PITCHES_DEGREES = (144, 192), 80.0, 8, (-15.0, 10.0)
_VIEW_STEP_METRES, _MOST_STANDPOINTS = 2.0, 24


@dataclass
class ExportConfig:
    """What is exported.

    Attributes:
        from_: File of a capture (`.npz`) or of a saved state.
        what: "cloud" or "mesh".
        output: File to write: `.ply` of a cloud; `.ply`, `.glb`, `.obj` or `.stl` of a mesh.
        world: Which world of a saved state of several.
        fusion: How finely frames are fused.
    """

    from_: str = "outputs/capture.npz"
    what: str = "mesh"
    output: str = "outputs/place.ply"
    world: int = 0
    fusion: FusionConfig = field(default_factory=FusionConfig)

    def __post_init__(self) -> None:
        check_choice("what", self.what, KINDS)
        suffixes = MESH_SUFFIXES if self.what == "mesh" else MESH_SUFFIXES[:1]
        if Path(self.output).suffix not in suffixes:
            raise ValueError(f"output of a {self.what} must end in {', '.join(suffixes)}, got {self.output!r}")


class PosedFrame(NamedTuple):
    """One frame as `Fusion.add` takes it."""

    frame: np.ndarray
    depth: np.ndarray
    world_from_camera: np.ndarray
    intrinsics: np.ndarray


def export(config: ExportConfig) -> str:
    """Write the file; returns what it holds, in a few words.

    Raises:
        ValueError: If there is nothing that can be exported, or the file cannot be written.
        ImportError: If Open3D is needed and not installed.
        RuntimeError: If the disk cannot take it.
    """
    path = Path(config.output)
    check_writable(path)
    source = Path(config.from_)
    is_capture = source.suffix == ".npz"
    memory = None if is_capture else _memory(source, config.world)
    if memory is not None and config.what == "cloud":
        cloud = point_cloud(memory)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_ply(path, cloud.positions, cloud.colours)
        return f"{len(cloud.positions)} points"
    fusion = Fusion(config.fusion)
    frames = list(keyframes_of(_capture(source)) if memory is None else views_of(memory))
    for one in progress_bar(frames, desc="fusing", unit="frame"):
        fusion.add(*one)
    path.parent.mkdir(parents=True, exist_ok=True)
    if config.what == "cloud":
        positions, colours = fusion.cloud()
        write_ply(path, positions, colours)
        return f"{len(positions)} points"
    mesh = fusion.mesh()
    write_mesh(path, mesh)
    return f"{len(mesh.triangles)} triangles of {len(mesh.vertices)} vertices"


def keyframes_of(capture: Capture) -> Iterator[PosedFrame]:
    """The key frames of a capture, without what moves."""
    still = torch.where(capture.moving, 0.0, capture.depth).numpy()
    lens = capture.intrinsics.numpy()
    for k in range(len(capture.frames)):
        yield PosedFrame(capture.frames[k].numpy(), still[k], capture.world_from_camera[k].numpy(), lens)


def views_of(memory: Memory) -> Iterator[PosedFrame]:
    """What a memory shows all round from standpoints spread over what it holds, without what moves."""
    poses = torch.from_numpy(_standing_poses(point_cloud(memory).positions)).float()
    lens = intrinsics_from_fov(_VIEW_FOV_DEGREES, *_VIEW_SIZE).float()
    for pose in poses:
        hints = render([memory], pose[None, None], lens[None], *_VIEW_SIZE, [0], [0]).of_world(0)
        known = hints.seen[0] & ~hints.moving[0]
        depth = torch.where(known, hints.log_depth[0].exp(), 0.0)
        yield PosedFrame(hints.colour[0].numpy(), depth.numpy(), pose.numpy(), lens.numpy())


def _standing_poses(positions: np.ndarray) -> np.ndarray:
    """(V, 4, 4) in all headings at standpoints where the ground is known and nothing stands, the nearest first."""
    low = positions[np.abs(positions[:, 2] + 1.6) < 0.2]
    body = positions[(positions[:, 2] > -1.2) & (positions[:, 2] < 0.5)]
    cells = np.unique(np.floor(low[:, :2] / _VIEW_STEP_METRES), axis=0) * _VIEW_STEP_METRES + _VIEW_STEP_METRES / 2
    spots = np.concatenate([np.zeros((1, 2)), cells[np.argsort(np.linalg.norm(cells, axis=1))]])
    clear = [spot for spot in spots if not (np.linalg.norm(body[:, :2] - spot, axis=1) < 0.4).any()]
    poses = [
        [x, y, 0.0, 2 * np.pi * k / _HEADINGS, np.radians(pitch)]
        for x, y in clear[:_MOST_STANDPOINTS] or [np.zeros(2)]
        for pitch in _PITCHES_DEGREES
        for k in range(_HEADINGS)
    ]
    return camera_pose(np.array(poses))


def _capture(path: Path) -> Capture:
    capture = load_capture(path).capture
    assert capture is not None
    return capture


def _memory(path: Path, world: int) -> Memory:
    memories = memories_of(read_file(path, "a saved state"), f"saved state {path}")
    if not 0 <= world < len(memories):
        raise ValueError(f"world must be from 0 to {len(memories) - 1} of this saved state, got {world}")
    return memories[world]
