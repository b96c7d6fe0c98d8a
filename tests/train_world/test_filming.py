"""Pairs and crops filmed in the twin: what the files hold, and that a run goes on where it was left."""

import numpy as np
import pytest

from wm_gym.events.kinds import KINDS
from wm_gym.train_world.appearance.film_pairs import DRAWN, FilmPairsConfig, film_pairs
from wm_gym.train_world.appearance.pairs import FilmedPairs, batch_of, draw_batch
from wm_gym.train_world.things.crops import by_thing, draw_pairs, read_crops
from wm_gym.train_world.things.film_things import FilmThingsConfig, film_things


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    config = FilmPairsConfig(output=str(folder), places=1, first=1, views=3, sets=4, chained=True, height=24, width=32)
    film_pairs(config)
    before = (folder / "place-00001.npz").read_bytes()
    film_pairs(config)
    assert (folder / "place-00001.npz").read_bytes() == before
    (folder / "place-00001.npz").unlink()
    film_pairs(config)
    assert (folder / "place-00001.npz").read_bytes() == before
    return folder


def test_every_second_set_is_the_one_before_with_one_event_more(folder):
    pairs = FilmedPairs(folder)
    assert len(pairs) == 12
    for index in range(0, 12, 2):
        first, second = pairs.pair(index).events, pairs.pair(index + 1).events
        assert second[:-1] == first and second[-1].kind not in {one.kind for one in first}
        groups = [KINDS[one.kind].group for one in second if KINDS[one.kind].group]
        assert len(groups) == len(set(groups))


def test_a_set_changes_what_it_says(folder):
    pairs = FilmedPairs(folder)
    for index in range(len(pairs)):
        pair = pairs.pair(index)
        changed = (pair.target != pair.frame).any(-1).mean()
        assert changed <= min(1.0, sum(float(v) for v in pair.visible)) + 1e-6
        assert {DRAWN[k] for k in np.flatnonzero(pair.visible)} <= {one.kind for one in pair.events}


def test_batches_are_finite_and_follow_their_seed(folder):
    pairs = FilmedPairs(folder)
    batch = batch_of(DRAWN, [pairs.pair(k) for k in range(3)])
    assert bool(batch.maps.isfinite().all()) and batch.target.shape == (3, 3, 24, 32)
    one, two = (draw_batch([pairs], DRAWN, 4, 0.5, np.random.default_rng(3)) for _ in range(2))
    assert bool((one.maps == two.maps).all()) and bool((one.conditions == two.conditions).all())


def test_crops_are_of_whole_things(tmp_path):
    film_things(FilmThingsConfig(output=str(tmp_path), places=1, shots=8, looks=["Walker0", "Bonfire"]))
    crops = read_crops(tmp_path)
    assert set(crops.kind.tolist()) <= {0, 1} and float(crops.rgba.max()) <= 1.0
    assert (crops.rgba[:, :3] <= crops.rgba[:, 3:] + 1e-6).all() and (crops.rgba[:, 3].amax((1, 2)) > 0.9).all()
    pair = draw_pairs(crops, by_thing(crops), 3, np.random.default_rng(0))
    assert pair.known.look.tolist() == pair.wanted.look.tolist()


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (FilmPairsConfig, {"views": 0}, "views must be at least 1, got 0"),
        (FilmPairsConfig, {"together": []}, "together must be shares, got []"),
        (FilmPairsConfig, {"split": "both"}, "split must be one of"),
        (FilmThingsConfig, {"shots": 0}, "shots must be at least 1, got 0"),
        (FilmThingsConfig, {"looks": ["Dragon"]}, "looks must be among"),
    ],
)
def test_what_cannot_be_filmed_is_refused(config, settings, message):
    with pytest.raises(ValueError) as raised:
        config(**settings)
    assert str(raised.value).startswith(message)


def test_a_folder_without_pairs_or_crops_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must hold pairs that film-pairs made, got none$"):
        FilmedPairs(tmp_path)
    with pytest.raises(ValueError, match=r"must hold crops that film-things made, got none$"):
        read_crops(tmp_path)
    (tmp_path / "place-00000.npz").write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"must be a whole file of film-pairs, got one that cannot be read$"):
        FilmedPairs(tmp_path)
