"""A room drawn exactly, and logs of a walk through it in the formats of other programs."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

HEIGHT, WIDTH, FOCAL = 72, 96, 70.0
LOW, HIGH = np.array([-3.0, -4.0, -1.5]), np.array([5.0, 4.0, 1.6])  # corners of the room, metres, z up
COLOURS = np.array([[200, 90, 70], [80, 140, 190], [190, 180, 150]])
OPENGL_FROM_OPENCV = np.diag([1.0, -1.0, -1.0, 1.0])
LEVEL = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)


@dataclass
class Walk:
    colours: np.ndarray
    depths: np.ndarray
    poses: np.ndarray


def draw(pose, distortion=(0.0, 0.0), *, is_varied=False):
    """Colour and planar depth from inside the room, through a lens that bends by k1 and k2; no two tiles alike."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    x, y = (columns + 0.5 - WIDTH / 2) / FOCAL, (rows + 0.5 - HEIGHT / 2) / FOCAL
    at_x, at_y = x.copy(), y.copy()
    for _ in range(20):  # what would be seen there without distortion
        square = at_x**2 + at_y**2
        bend = 1 + distortion[0] * square + distortion[1] * square**2
        at_x, at_y = x / bend, y / bend
    rays = np.stack([at_x, at_y, np.ones_like(at_x)], -1)
    directions, position = rays @ pose[:3, :3].T, pose[:3, 3]
    with np.errstate(divide="ignore"):
        walls = (np.where(directions > 0, HIGH, LOW) - position) / directions
    depth = walls.min(-1)
    tiles = np.floor(2 * (position + depth[..., None] * directions) + 0.01)
    shades = np.where(tiles.sum(-1) % 2 == 1, 1.0, 0.7)
    if is_varied:
        shades = 0.5 + 0.5 * ((np.sin(tiles @ [12.9898, 78.233, 37.719]) * 43758.5453) % 1.0)
    colour = COLOURS[walls.argmin(-1)] * shades[..., None]
    return colour.astype(np.uint8), depth


def camera(x, y, heading, pitch=0.0, roll=0.0, z=0.0):
    """world_from_camera of a camera in the room; angles in degrees."""
    turn = Rotation.from_euler("ZYX", [heading, -pitch, roll], degrees=True).as_matrix()
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn @ LEVEL[:3, :3], (x, y, z)
    return pose


def walk(count=12, pitch=-12.0, roll=2.0, distortion=(0.0, 0.0), turn=30.0, step=0.1, z=0.0):
    """A walk through the room with a camera that looks down a little."""
    poses = np.stack([
        camera(step * k, step / 2 * k, turn * k, pitch, roll * (-1) ** k, z) for k in range(count)
    ])  # fmt: skip
    drawn = [draw(pose, distortion) for pose in poses]
    return Walk(np.stack([one for one, _ in drawn]), np.stack([one for _, one in drawn]), poses)


def save_depth(path, depth, units):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(depth * units).astype(np.uint16)).save(path)


def save_colour(path, colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(colour).save(path)


def write_tum(folder: Path, log: Walk) -> Path:
    lists = {"rgb": ["# color images"], "depth": ["# depth maps"], "groundtruth": ["# ground truth"]}
    for k, pose in enumerate(log.poses):
        seconds = 1305031102.0 + k / 10
        save_colour(folder / f"rgb/{seconds:.6f}.png", log.colours[k])
        save_depth(folder / f"depth/{seconds + 0.005:.6f}.png", log.depths[k], 5000)
        lists["rgb"].append(f"{seconds:.6f} rgb/{seconds:.6f}.png")
        lists["depth"].append(f"{seconds + 0.005:.6f} depth/{seconds + 0.005:.6f}.png")
        numbers = [*pose[:3, 3], *Rotation.from_matrix(pose[:3, :3]).as_quat()]
        lists["groundtruth"].append(f"{seconds - 0.004:.4f} " + " ".join(f"{one:.9f}" for one in numbers))
    for name, lines in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    (folder / "calibration.txt").write_text(f"{FOCAL} {FOCAL} {WIDTH / 2} {HEIGHT / 2}\n")
    return folder


def write_scannet(folder: Path, log: Walk) -> Path:
    for k, pose in enumerate(log.poses):
        save_colour(folder / f"color/{k}.png", log.colours[k])
        save_depth(folder / f"depth/{k}.png", log.depths[k], 1000)
        (folder / "pose").mkdir(exist_ok=True)
        np.savetxt(folder / f"pose/{k}.txt", pose)
    matrix = np.diag([FOCAL, FOCAL, 1.0, 1.0])
    matrix[:2, 2] = WIDTH / 2 - 0.5, HEIGHT / 2 - 0.5
    (folder / "intrinsic").mkdir()
    for part in ("color", "depth"):
        np.savetxt(folder / f"intrinsic/intrinsic_{part}.txt", matrix)
    return folder


def write_nerfstudio(folder: Path, log: Walk, distortion=(0.0, 0.0)) -> Path:
    frames = []
    for k, pose in enumerate(log.poses):
        save_colour(folder / f"images/{k:03d}.png", log.colours[k])
        save_depth(folder / f"depth/{k:03d}.png", log.depths[k], 1000)
        frames.append(
            {
                "file_path": f"images/{k:03d}.png",
                "depth_file_path": f"depth/{k:03d}.png",
                "transform_matrix": (pose @ OPENGL_FROM_OPENCV).tolist(),
            }
        )
    told = {
        "camera_model": "OPENCV", "fl_x": FOCAL, "fl_y": FOCAL, "cx": WIDTH / 2, "cy": HEIGHT / 2, "w": WIDTH,
        "h": HEIGHT, "k1": distortion[0], "k2": distortion[1], "p1": 0.0, "p2": 0.0, "frames": frames,
    }  # fmt: skip
    (folder / "transforms.json").write_text(json.dumps(told))
    return folder


def write_colmap(folder: Path, log: Walk, *, is_binary: bool) -> Path:
    model = folder / "sparse/0"
    model.mkdir(parents=True)
    rows = []
    for k, pose in enumerate(log.poses):
        save_colour(folder / f"images/{k:03d}.png", log.colours[k])
        save_depth(folder / f"depth/{k:03d}.png", log.depths[k], 1000)
        turn = pose[:3, :3].T
        rows.append((np.roll(Rotation.from_matrix(turn).as_quat(), 1), -turn @ pose[:3, 3], f"{k:03d}.png"))
    lens = (FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2)
    if is_binary:
        (model / "cameras.bin").write_bytes(struct.pack("<QiiQQ4d", 1, 1, 1, WIDTH, HEIGHT, *lens))
        images = struct.pack("<Q", len(rows))
        for k, (turn, position, name) in enumerate(rows):
            images += struct.pack("<i7di", k + 1, *turn, *position, 1) + name.encode() + b"\0"
            images += struct.pack("<Q", 1) + struct.pack("<ddq", 3.0, 4.0, -1)
        (model / "images.bin").write_bytes(images)
    else:
        (model / "cameras.txt").write_text(f"# one\n1 PINHOLE {WIDTH} {HEIGHT} {' '.join(map(str, lens))}\n")
        lines = ["# two lines of data per image"]
        for k, (turn, position, name) in enumerate(rows):
            lines += [" ".join(map(str, [k + 1, *turn, *position, 1, name])), ""]
        (model / "images.txt").write_text("\n".join(lines) + "\n")
    return folder


WRITERS = {
    "tum": write_tum,
    "scannet": write_scannet,
    "nerfstudio": write_nerfstudio,
    "colmap": lambda folder, log: write_colmap(folder, log, is_binary=False),
    "colmap-binary": lambda folder, log: write_colmap(folder, log, is_binary=True),
}
