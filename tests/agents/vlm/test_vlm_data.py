import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.agents.vlm.chunk import ChunkLanguage, Part
from wm_gym.agents.vlm.data import Pairs, history_in, mirrored_history, mirrored_keys, mirrored_text
from wm_gym.agents.vlm.experts import (
    Sight,
    ahead,
    explore,
    go_to,
    go_to_spot,
    half_turn,
    press,
    quarter_turn,
    roam,
    search,
)  # fmt: skip
from wm_gym.agents.vlm.filming import FilmConfig, film_walks
from wm_gym.agents.vlm.instructions import FAMILIES, SHARES, family_of_thing
from wm_gym.geometry.motion import KEYS, Body, velocities_from_keys, walk
from wm_gym.train_world.data.collect import collect
from wm_gym.train_world.data.collect_config import CollectConfig

BODY, FRAMES = Body(), 4


def nothing(positions, radius):
    return np.zeros(len(positions), bool)


def wall_at(x):
    return lambda positions, radius: positions[:, 0] > x - radius


def sight(pose=(0, 0, 0, 0, 0), solid=nothing, past=(), **things):
    return Sight(np.array(pose, np.float64), solid, np.radians(30), things, BODY, FRAMES, past)


LOOK, WAY = (Part("L", 4),), (Part("J", 1), Part("W", 5))


def walked(keys, pose=(0, 0, 0, 0, 0)):
    held = np.repeat(keys, FRAMES, axis=0)
    return walk(np.array(pose, np.float64), velocities_from_keys(held), BODY)[-1]


def by_key(keys):
    return {key: int(column.sum()) for key, column in zip(KEYS, keys.T, strict=True) if column.any()}


def test_turns_are_quarters_and_halves():
    assert np.degrees(walked(quarter_turn("J")(sight()))[3]) == pytest.approx(90)
    assert np.degrees(walked(quarter_turn("L")(sight()))[3]) == pytest.approx(-90)
    assert abs(np.degrees(walked(half_turn(sight()))[3])) == pytest.approx(180)


def test_walking_ahead_ends_before_a_wall():
    assert by_key(ahead(sight())) == {"W": 11}
    steps = by_key(ahead(sight(solid=wall_at(3.0))))["W"]
    assert 1.5 <= 0.5 * steps <= 2.7
    assert not by_key(ahead(sight(solid=wall_at(0.5))))


@given(st.floats(2.0, 9.0), st.floats(-0.5, 0.5))
def test_a_thing_in_view_is_reached(distance, turn):
    spot = distance * np.cos(turn), distance * np.sin(turn)
    pose = np.zeros(5)
    for _ in range(6):
        pose = walked(go_to("fire")(sight(pose, fire=spot)), pose)
    assert np.linalg.norm(np.array(spot) - pose[:2]) < 1.7


@given(st.floats(1.0, 6.0), st.floats(-3.1, 3.1))
def test_a_thing_anywhere_is_looked_for_and_reached(distance, turn):
    spot = distance * np.cos(turn), distance * np.sin(turn)
    pose, past = np.zeros(5), []
    for _ in range(16):
        keys = go_to("red ball")(sight(pose, past=tuple(past[-4:]), **{"red ball": spot}))
        pose, past = walked(keys, pose), [*past, ChunkLanguage().chunk_of(keys)]
        if np.linalg.norm(np.array(spot) - pose[:2]) < 1.0:
            return
    raise AssertionError(pose)


def test_at_a_thing_one_stands_still():
    keys = family_of_thing("fire").expert(sight(fire=(1.0, 0.0)))
    assert len(keys) and not keys.any()
    assert family_of_thing("red ball").expert(sight(**{"red ball": (1.0, 0.0)})).any()  # it is to be touched


def test_of_a_thing_that_is_hidden_or_not_there_nothing_is_said():
    assert go_to("fire")(sight(solid=wall_at(2.0), fire=(5.0, 0.0))) is None
    assert go_to("fire")(sight()) is None


@given(st.floats(0.6, 8.0), st.floats(-3.1, 3.1))
def test_a_told_spot_is_come_nearer_to(distance, turn):
    spot = distance * np.cos(turn), distance * np.sin(turn)
    pose = walked(go_to_spot(sight(), spot))
    assert np.linalg.norm(np.array(spot) - pose[:2]) < max(0.75, distance - 0.4)


def test_roaming_takes_the_longest_way_and_turns_in_a_corner():
    aside = by_key(roam(sight(solid=lambda p, r: (p[:, 0] > 2.5 - r) & (p[:, 1] < 1.0))))
    assert aside["J"] >= 1 and aside["W"] >= 4
    assert by_key(roam(sight(solid=wall_at(1.0)))) == {"J": 5}


def test_exploring_looks_around_once_and_then_roams():
    assert by_key(explore(sight())) == {"J": 15}
    assert by_key(explore(sight(past=(WAY,)))) == by_key(roam(sight())) == {"W": 11}


@pytest.mark.parametrize(("past", "looks"), [
    ((), True), ((LOOK,) * 3, True), ((LOOK,) * 4, False),
    ((WAY,), True), ((WAY, LOOK), True), ((WAY, LOOK, LOOK), False),
])  # fmt: skip
def test_who_searches_looks_all_around_at_first_and_twice_after_each_way(past, looks):
    assert by_key(search(sight(past=past))) == ({"L": 4} if looks else {"W": 11})


def test_every_family_has_a_share_and_a_legal_expert():
    assert set(FAMILIES) < set(SHARES)
    for family in (*FAMILIES.values(), family_of_thing("fire"), family_of_thing("red ball")):
        keys = family.expert(sight(fire=(3.0, 0.0), **{"red ball": (4.0, 0.1)}))
        assert keys.shape[1] == 8 and len(keys)


@given(st.lists(st.tuples(st.sampled_from(["", *KEYS, "WJ"]), st.integers(1, 4)), min_size=1, max_size=5))
def test_a_mirror_shows_the_same_walk_mirrored(parts):
    keys = press(*parts)
    here, there = walked(keys), walked(mirrored_keys(keys))
    np.testing.assert_allclose(here * [1, -1, 1, -1, 1], there, atol=1e-9)
    np.testing.assert_array_equal(mirrored_keys(mirrored_keys(keys)), keys)


def test_a_mirror_swaps_what_was_answered_before():
    history = (('[{"keys":"WJ","steps":2},{"keys":"A","steps":1}]', "You look left."), ('[{"keys":"S","steps":3}]', ""))
    mirrored = (
        ('[{"keys":"WL","steps":2},{"keys":"D","steps":1}]', "You look right."),
        ('[{"keys":"S","steps":3}]', ""),
    )
    assert mirrored_history(history) == mirrored and mirrored_history(mirrored) == history


def test_a_mirror_swaps_the_words_as_well():
    assert mirrored_text("turn left, not right: leftover") == "turn right, not left: leftover"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "walks.npz"
    shown = {"height": 36, "width": 48, "fire_share": 1.0}
    return film_walks(FilmConfig(str(path), "memory_only", split="test", places=1, steps=4, at_once=1, **shown))


def test_a_film_holds_frames_instructions_and_keys(film):
    with np.load(film) as arrays:
        assert arrays["frames"].shape == (8, 36, 48, 3) and arrays["keys"].shape[1:] == (44, 8)
        families, texts, frame_of = arrays["families"], arrays["instructions"], arrays["frame_of"]
        assert set(frame_of.tolist()) == set(range(8))
        laid = frame_of % 2 == 1
        assert set(families[laid]) == {"object", "object out of view"} and "explore" in families[~laid]
        histories = [history_in(str(text)) for text in arrays["histories"]]
        assert max(map(len, histories)) <= 4 and max(arrays["history_of"]) < len(histories)
        assert all(
            ChunkLanguage().parse(answer) and outcome.startswith("You ")
            for past in histories
            for answer, outcome in past
        )
        assert {"explore", "turn_left", "goal"} <= set(families.tolist()) <= set(SHARES)
        assert any("fire" in text for text in texts) and any(text.startswith("turn") for text in texts)
        left = arrays["keys"][families == "turn_left"][0]
        assert by_key(left) == {"J": 5}
        assert (arrays["steps"] >= 1).all()


def test_pairs_are_drawn_by_the_shares_of_families(film):
    pairs = Pairs([str(film)], mirrors=True)
    rng = np.random.default_rng(0)
    drawn = [pairs.draw(rng) for _ in range(600)]
    assert sum("turn left" in pair.instruction for pair in drawn) < sum("fire" in pair.instruction for pair in drawn)
    assert all(pairs.language.parse(pairs.language.write(pair.chunk)) == pair.chunk for pair in drawn)
    keys = {pair.instruction: {part.keys for part in pair.chunk} for pair in drawn}
    assert keys["turn left"] == {"J"} and keys["turn right"] == {"L"}
    assert len({pair.key for pair in drawn}) == 16
    assert {len(pair.history) for pair in drawn} > {0}


@pytest.mark.slow
def test_recordings_are_pairs_too(tmp_path):
    pytest.importorskip("vizdoom")
    collect(CollectConfig(str(tmp_path), num_clips=1, steps=6, height=36, width=48, workers=1), quiet=True)
    pairs = Pairs([str(tmp_path)])
    pair = pairs.draw(np.random.default_rng(0))
    assert len(pairs) == 2 and pair.frame.shape == (36, 48, 3) and pair.instruction
    assert pairs.language.most_steps == 44
