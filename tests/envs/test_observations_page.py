"""The code of docs/observations.md runs, and what it makes of a frame is where the world's own geometry has it."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

import wm_gym
from wm_gym.geometry import cameras

PAGE = Path(wm_gym.__file__).parent.parent / "docs" / "observations.md"


@pytest.fixture(scope="module")
def page():
    """What the code blocks leave behind, run one after another."""
    if find_spec("open3d") is None:
        pytest.skip("Open3D is not installed")
    text = PAGE.read_text()
    names = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    yield names
    names["env"].close()


def test_pixels_become_points_as_the_world_has_them(page):
    depth, info = torch.from_numpy(page["depth"]), page["info"]
    pose = torch.from_numpy(info["world_from_camera"])
    ours = cameras.unproject(depth, torch.from_numpy(info["intrinsics"]), pose)
    np.testing.assert_allclose(page["surface"], ours.numpy()[page["is_surface"]], atol=1e-4)


@pytest.mark.parametrize("cloud", ["cloud", "bare"])
def test_open3d_has_the_same_points(page, cloud):
    points = np.asarray(page[cloud].points)
    assert len(points) == len(page["surface"]) > 500
    np.testing.assert_allclose(points, page["surface"], atol=1e-3)


def test_colours_go_with_the_points(page):
    seen = page["observation"]["rgb"][page["is_surface"]]
    np.testing.assert_allclose(np.asarray(page["cloud"].colors) * 255, seen, atol=0.51)


def test_memory_and_the_frame_show_one_place(page):
    surface, known = page["surface"], np.asarray(page["everything"].points)
    near = [np.linalg.norm(known - point, axis=1).min() for point in surface[:: len(surface) // 50]]
    assert np.median(near) < 0.2 and 0 < len(page["sample"].points) <= len(known)


def test_what_the_page_says_of_spaces(page):
    spaces = page["env"].observation_space
    assert page["far"] == 100.0 and list(spaces["pose"].high[:3]) == [2.0**20] * 3
    assert spaces["goal"].high.tolist() == [2.0**21] * 2
    told = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert set(told) == set(spaces) | set(page["info"])
    printed = re.search(r"^# (\[\{'id'.*)$", PAGE.read_text(), re.MULTILINE)
    assert printed is not None and str(page["env"].unwrapped.events()) == printed[1]


def test_the_ground_lies_below_the_origin(page):
    heights = page["surface"][:, 2]
    assert abs(np.percentile(heights, 5) + 1.6) < 0.2
