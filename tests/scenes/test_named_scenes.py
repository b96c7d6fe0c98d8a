import re
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.families import FAMILIES
from wm_gym.scenes.named import SHIPPED, SHIPPED_SIZE, find_world, open_named, shipped_scenes
from wm_gym.scenes.places import find_place, open_world
from wm_gym.train_world.data.splits import split_of
from wm_gym.world_model import Place

SPEC = MemoryOnlyModel.create(48, 64).spec
BUILDS = replace(SPEC, name="builder", opens_from=("scene",))


@pytest.fixture
def without_vizdoom(monkeypatch):
    monkeypatch.setitem(sys.modules, "vizdoom", None)


def test_a_dozen_places_of_all_families_ship_and_all_are_of_the_test_split():
    names = [name.split("/") for name in shipped_scenes()]
    assert len(names) == 12 and {family for family, _ in names} == set(FAMILIES) - {"joined"}
    assert {split_of(family, int(number)) for family, number in names} == {"test"}
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 4e6


@pytest.mark.parametrize("name", shipped_scenes())
def test_shipped_places_open_without_vizdoom(name, without_vizdoom):
    opening = open_named(SPEC, name, 0, "full")
    assert opening.name == name and opening.place == find_world(name, 0, "full") and opening.prompt
    assert opening.capture.frames.shape == (32, 192, 256, 3) and len(opening.waypoints) > 10
    floor = opening.capture.depth[0, -1].median()  # the lowest row of the first keyframe
    assert 1.0 < floor < 6.0


def test_the_seed_chooses_where_the_name_leaves_a_choice(without_vizdoom):
    count = len(shipped_scenes())
    assert {open_named(SPEC, None, seed, "full").name for seed in range(count)} == set(shipped_scenes())
    assert {open_named(SPEC, "park", seed, "full").name for seed in range(8)} == {"park/9", "park/19"}
    assert find_world("city/*", 41, "simple") == Place("city", 41, "simple")


def test_a_family_alone_is_the_place_whose_number_is_the_seed_to_a_simulator():
    assert find_place("city", 7, "simple") == find_place("city/*", 7, "simple") == Place("city", 7, "simple")
    assert find_place("city/9", 7, "simple") == Place("city", 9, "simple")
    families = "['city', 'courtyard', 'joined', 'park', 'rooms', 'warehouse']"
    message = f"world must be one of {families}, 'family/number' or 'family/*', "
    with pytest.raises(ValueError, match=re.escape(message + "got 'moon/3'")):
        find_place("moon/3", 0, "full")


def test_a_name_means_the_same_place_to_a_simulator():
    for seed in range(3):
        place = open_named(SPEC, "rooms", seed, "full").place
        assert open_named(BUILDS, "rooms", seed, "full").place == place


def test_captures_open_by_their_path(tmp_path, without_vizdoom):
    path = tmp_path / "hall.npz"
    path.write_bytes((SHIPPED / "rooms-9.npz").read_bytes())
    opening = open_named(SPEC, str(path), 3, "full")
    assert torch.equal(opening.capture.frames, open_named(SPEC, "rooms/9", 0, "full").capture.frames)
    assert open_named(SPEC, str(path), 4, "full").capture is opening.capture
    assert open_named(BUILDS, str(path), 0, "full").place == Place("rooms", 9, "full")


def test_a_simulator_refuses_a_capture_without_a_place(tmp_path):
    with np.load(SHIPPED / "rooms-9.npz") as file:
        np.savez(tmp_path / "hall.npz", **{name: file[name] for name in file.files if name != "place"})
    with pytest.raises(ValueError, match=r"backend 'builder' opens places that it can build, got .*hall\.npz"):
        open_named(BUILDS, str(tmp_path / "hall.npz"), 0, "full")


@pytest.mark.parametrize("world", ["moon", "city/x", "city/", "/9", ""])
def test_an_unknown_name_is_refused_with_the_names_that_exist(world):
    with pytest.raises(ValueError) as raised:
        find_world(world, 0, "full")
    message = str(raised.value)
    assert message.startswith(
        "world must be a family of ['city', 'courtyard', 'joined', 'park', 'rooms', 'warehouse'], a place "
    )
    assert f"got {world!r}; shipped are city/9, city/19, city/29, courtyard/9" in message


@pytest.mark.parametrize(
    ("world", "difficulty", "spec"),
    [
        ("city/3", "full", SPEC),
        ("city/9", "simple", SPEC),
        ("city/*", "full", SPEC),
        ("city/9", "full", replace(SPEC, height=50)),
    ],
)
def test_a_place_that_needs_the_twin_says_so(world, difficulty, spec, without_vizdoom):
    with pytest.raises(ImportError, match=r"which needs ViZDoom: pip install 'wm-gym\[twin\]'; without it .* city/9"):
        open_named(spec, world, 3, difficulty)


def test_missing_files_and_unknown_difficulties_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"world must be a capture's \.npz that exists, got 'nowhere\.npz'"):
        find_world("nowhere.npz", 0, "full")
    with pytest.raises(ValueError, match="difficulty must be one of"):
        find_world(None, 0, "brutal")


@pytest.mark.slow
def test_a_shipped_capture_equals_one_taken_in_the_twin():
    shipped = load_capture(SHIPPED / "rooms-9.npz", *SHIPPED_SIZE).capture
    taken = open_world(replace(SPEC, height=96, width=128), Place("rooms", 9)).capture
    for name in ("frames", "moving", "world_from_camera"):
        assert torch.equal(getattr(shipped, name), getattr(taken, name)), name
