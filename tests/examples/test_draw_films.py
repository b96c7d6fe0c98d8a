import importlib.util
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.agents.explorer import Explorer
from wm_gym.geometry.motion import KEYS, START_BODY_POSE, Body, check_twists, walk

_PATH = Path(__file__).parents[2] / "examples" / "draw_films.py"
_SPEC = importlib.util.spec_from_file_location("draw_films", _PATH)
assert _SPEC is not None and _SPEC.loader is not None
films = importlib.util.module_from_spec(_SPEC)
sys.modules["draw_films"] = films
_SPEC.loader.exec_module(films)

SEEDS, STEPS = st.integers(0, 2**31), st.integers(1, 600)


def held(seed, steps):
    """The keys of every step."""
    return [segment.keys for segment in films.key_script(seed, steps) for _ in range(segment.steps)]


@given(SEEDS, STEPS)
def test_a_script_has_its_number_of_steps_and_only_known_keys(seed, steps):
    script = films.key_script(seed, steps)
    assert sum(segment.steps for segment in script) == steps
    assert all(segment.steps >= 1 and set(segment.keys) <= set(KEYS) for segment in script)


@given(SEEDS, STEPS, STEPS)
def test_a_longer_script_begins_as_the_shorter_one(seed, steps, more):
    assert held(seed, steps + more)[:steps] == held(seed, steps)


@given(SEEDS)
def test_two_minutes_hold_a_stop_a_full_turn_and_steps_aside(seed):
    keys = set(held(seed, 500))
    assert {"W", ""} <= keys and {"A", "D"} & keys
    body = Body()
    turns = [one for one in films.key_script(seed, 500) if one.keys in ("J", "L")]
    assert turns[0].steps * 4 * body.turn_degrees_per_frame == 360


def test_the_pilot_presses_the_script():
    pilot = films.key_pilot(3, 40)
    twists = [pilot(START_BODY_POSE) for _ in range(40)]
    assert [bool(twist.any()) for twist in twists] == [bool(keys) for keys in held(3, 40)]


@settings(max_examples=8)
@given(st.integers(0, 100))
def test_an_explorer_sets_out_again_and_again(seed):
    explorer = Explorer(np.array([[5.0, 0.0], [0.0, 5.0], [-4.0, -4.0]]), seed, 10)
    here, homecomings = START_BODY_POSE, 0
    for _ in range(120):
        twist = explorer.act(here)
        check_twists(twist)
        here = walk(here, np.tile(twist, (4, 1)), Body())[-1]
        homecomings += bool(np.allclose(here[:2], 0, atol=1e-6))
    assert homecomings >= 2


def noise(num_steps):
    """A trip of noise, which no codec can compress."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in range(6 * num_steps)]
    return films.Trip(pictures[: 4 * num_steps], pictures[4 * num_steps : 5 * num_steps], pictures[5 * num_steps :])


@pytest.mark.parametrize("most_bytes", [6_000, 10_000])
def test_a_video_has_the_best_quality_that_fits(tmp_path, most_bytes):
    path, trip = tmp_path / "noise.mp4", noise(4)
    made = films.save_film(path, trip, 17.5, 2, most_bytes)
    assert path.stat().st_size == made["film_bytes"] <= most_bytes
    assert films._encode(tmp_path / "finer.mp4", trip, 17.5, 2, made["film_crf"] - 1) > most_bytes
    with av.open(path) as film:
        assert len(list(film.decode(video=0))) == 8
