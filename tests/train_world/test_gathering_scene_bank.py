"""SceneBank are captured once, of the training split, and a run goes on where it was stopped."""

import re

import pytest

import wm_gym.train_world.data.gather_scene_bank as gathering
from wm_gym.train_world.data.gather_scene_bank import GatherConfig, gather_scene_bank
from wm_gym.train_world.data.splits import split_of


@pytest.fixture
def captured(monkeypatch):
    """The places that are captured, by name, in order; nothing is."""
    places = []
    monkeypatch.setattr(gathering, "capture_place", lambda place, *size: places.append((place, size)) or place)
    monkeypatch.setattr(gathering, "replace", lambda opening, place: opening)
    monkeypatch.setattr(gathering, "save_capture", lambda path, opening: path.write_text("a place"))
    return places


def test_families_take_turns_and_no_place_is_held_out(tmp_path, captured):
    paths = gather_scene_bank(GatherConfig(output=str(tmp_path), count=10, keyframes=3))
    assert [path.name for path in paths] == [f"{place.family}-{place.seed}.npz" for place, _ in captured]
    assert {size for _, size in captured} == {(192, 256, 3)} and len({place.seed for place, _ in captured}) == 10
    assert len({place.family for place, _ in captured[:5]}) == 5
    assert all(split_of(place.family, place.seed) == "train" for place, _ in captured)


def test_what_is_there_is_not_captured_again(tmp_path, captured):
    first = gather_scene_bank(GatherConfig(output=str(tmp_path), count=3))
    first[1].unlink()
    captured.clear()
    *same, last = gather_scene_bank(GatherConfig(output=str(tmp_path), count=4))
    assert same == first
    assert [f"{place.family}-{place.seed}.npz" for place, _ in captured] == [first[1].name, last.name]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"keyframes": 0}, "keyframes must be at least 1, got 0"),
        ({"first": -1}, "first must be at least 0, got -1"),
        ({"difficulty": "hard"}, "difficulty must be one of"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        GatherConfig(**change)
