"""Fetches real pictures that nobody here made, opens a world in each, walks, and draws a sheet of what was seen.

18 panoramas (npm, @pmndrs/assets, CC0), photographs and a stereo pair of Middlebury 2006 (Debian, opencv-doc), and a
stereo pair of Middlebury 2014 (PyPI, scikit-image), both with true disparity, which `benchmarks/real_pictures.py`
measures. Files are compared with the hashes in `real_inputs.sha256`; none of them is committed.

    python examples/real_inputs.py fetch outputs/real
    python examples/real_inputs.py walk outputs/real backend=memory_only [depth=MODEL]
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import gymnasium as gym
import numpy as np
from PIL import Image

import wm_gym  # noqa: F401
from wm_gym.progress import progress_bar
from wm_gym.train_world.data.capture_scene import CaptureConfig, capture

HASHES = Path(__file__).with_suffix(".sha256")
PANORAMAS = "@pmndrs/assets@1.7.0"
PHOTOGRAPHS = ("leuvenA.jpg", "building.jpg", "home.jpg")
ALOE = ("aloeL.jpg", "aloeR.jpg", "aloeGT.png")
MOTORCYCLE = ("motorcycle_left.png", "motorcycle_right.png", "motorcycle_disp.npz")
FOCAL, CX, CY, DX, BASELINE_MM = 994.978, 311.193, 254.877, 31.086, 193.001
"""Of the stereo pair at a quarter of its size, as scikit-image's documentation has them."""
STEPS = 10
"""Of four frames of .125 m: five metres."""


def fetch(folder: Path) -> None:
    """Bring all files into a folder, or nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        here = Path(made)
        run = lambda *words: subprocess.run(words, cwd=here, check=True, stdout=subprocess.DEVNULL)  # noqa: E731
        run("npm", "pack", "--silent", PANORAMAS)
        run("tar", "xzf", next(here.glob("*.tgz")).name, "package/hdri")
        for path in sorted(here.glob("package/hdri/*.exr.js")):
            data = re.search(r"base64,([A-Za-z0-9+/=]+)", path.read_text())
            assert data is not None
            (here / path.stem).write_bytes(base64.b64decode(data[1]))
        run("apt-get", "download", "opencv-doc")
        run("dpkg-deb", "-x", next(here.glob("*.deb")).name, "deb")
        for name in PHOTOGRAPHS + ALOE:
            shutil.copy(here / "deb/usr/share/doc/opencv-doc/examples/data" / name, here / name)
        run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "scikit-image==0.26.0")
        with zipfile.ZipFile(next(here.glob("scikit_image*.whl"))) as wheel:
            for name in MOTORCYCLE:
                (here / name).write_bytes(wheel.read(f"skimage/data/{name}"))
        wanted = dict(reversed(line.split()) for line in HASHES.read_text().splitlines())
        for name, digest in wanted.items():
            came = hashlib.sha256((here / name).read_bytes()).hexdigest()
            if came != digest:
                raise ValueError(f"{name} must have the hash {digest}, got {came}")
        for name in wanted:
            shutil.copy(here / name, folder / name)
    write_log(folder)


def write_log(folder: Path) -> None:
    """The left picture of the stereo pair with its true depth, as a log of one frame that `wm-gym capture` reads."""
    disparity = np.load(folder / "motorcycle_disp.npz")["arr_0"].astype(np.float64)
    known = np.isfinite(disparity)
    millimetres = np.where(known, BASELINE_MM * FOCAL / (np.where(known, disparity, 1.0) + DX), 0.0)
    log = folder / "motorcycle"
    log.mkdir(exist_ok=True)
    shutil.copy(folder / "motorcycle_left.png", log / "left.png")
    np.save(log / "left.npy", millimetres.astype(np.float32))
    height, width = millimetres.shape
    level = [[0.0, 0, -1, 0], [-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]  # looks along x, z up, with the axes of OpenGL
    frame = {"file_path": "left.png", "depth_file_path": "left.npy", "transform_matrix": level}
    told = {
        "camera_model": "PINHOLE", "fl_x": FOCAL, "fl_y": FOCAL, "cx": CX, "cy": CY, "w": width, "h": height,
        "frames": [frame],
    }  # fmt: skip
    (log / "transforms.json").write_text(json.dumps(told))


def openings(folder: Path) -> dict[str, dict]:
    """How each input opens: options of `reset`."""
    found: dict[str, dict] = {path.stem: {"image": path} for path in sorted(folder.glob("*.exr"))}
    found |= {Path(name).stem: {"image": folder / name} for name in PHOTOGRAPHS}
    path = capture(CaptureConfig(from_=str(folder / "motorcycle"), output=str(folder / "motorcycle.npz")))
    return found | {"motorcycle": {"world": str(path)}}


def walk(folder: Path, backend: str, only: str = "", depth: str = "") -> None:
    """Walk five metres ahead in each, or until something is in the way; a sheet, and what was seen as numbers.

    Args:
        folder: Of the files; sheets and numbers go there.
        backend: Who makes frames.
        only: Names of inputs, joined by "+"; empty for all.
        depth: Who estimates depth, as `reconstruction_settings` takes it; empty for what the package does by itself.
    """
    settings = {"reconstruction_settings": {"depth": depth}} if depth else {}
    env = gym.make("wm_gym/Explore-v0", backend=backend, obs_mode="rgb+depth+pose", world="rooms/9", **settings)
    rows, told = [], {}
    inputs = {name: one for name, one in openings(folder).items() if not only or name in only.split("+")}
    for name, options in progress_bar(inputs.items(), desc="walking"):
        observation, _ = env.reset(seed=0, options=options)
        shown = [observation["rgb"]]
        for _ in range(STEPS):
            observation, *_ = env.step(1)
            shown.append(observation["rgb"])
        position = observation["pose"][:2]
        told[name] = {
            "metres": round(float(np.hypot(*position)), 2),
            "depth": round(float(observation["depth"].mean()), 2),
        }
        rows.append(np.concatenate([shown[k] for k in (0, 2, 4, 7, 10)], 1))
        print(name, told[name], flush=True)
    env.close()
    sheet, made = Image.fromarray(np.concatenate(rows)), "_".join(filter(None, [backend, Path(depth).name]))
    sheet.resize((2 * sheet.width, 2 * sheet.height), Image.Resampling.NEAREST).save(folder / f"sheet_{made}.png")
    (folder / f"walks_{made}.json").write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    what, where, *settings = sys.argv[1:]
    if what == "fetch":
        fetch(Path(where))
    else:
        walk(Path(where), **dict(one.split("=") for one in settings))
