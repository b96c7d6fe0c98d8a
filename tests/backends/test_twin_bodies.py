"""The other bodies of a world are actors of the twin's engine, which come, walk and go as they are told."""

from dataclasses import replace

import numpy as np
import pytest
from twin_walks import all_bytes, condition

from wm_gym.backends.twin import acs
from wm_gym.backends.twin.bodies import place_bodies
from wm_gym.backends.twin.model import TwinModel, open_place
from wm_gym.backends.twin.site import site_of
from wm_gym.world_model import OtherBody, Place

HEIGHT, WIDTH, FRAMES = 48, 64, 4


def body(number, x, y, walks=False):
    poses = np.tile([x, y, 0.0, np.pi, 0.0], (FRAMES, 1))
    return OtherBody(number, poses, tuple(range(4, 8)) if walks else (0,) * FRAMES)


def test_a_body_is_spawned_once_posed_in_each_frame_and_removed_once():
    site = site_of("city", 2, "full")
    first = place_bodies((), [body(0, 3.0, 0.0), body(9, 4.0, 1.0, walks=True)], FRAMES, site)
    assert [len(lines) for lines in first] == [6, 4, 4, 4]
    assert f"puke -{acs.SPAWN['Body2']} " in first[0][1], "looks go round"
    assert first[1][3].split()[-1] == "1" and first[1][1].split()[-1] == "0", "legs swing while it walks"
    later = place_bodies((0, 9), [body(9, 4.0, 1.0)], FRAMES, site)
    assert later[0][0] == f"puke -{acs.REMOVE} {acs.FIRST_BODY_TID}" and [len(lines) for lines in later] == [3, 2, 2, 2]


@pytest.fixture
def twin():
    model = TwinModel.create(HEIGHT, WIDTH, max_processes=1, save_every_steps=2)
    yield model
    model.close()


def test_a_body_is_seen_where_it_stands_until_it_goes_and_a_saved_world_goes_on_with_it(twin):
    opening = open_place(Place("city", 9), HEIGHT, WIDTH)
    state, _ = twin.start([opening], [5])
    bodies = [(body(1, 3.0, 0.3),)]
    for step in range(3):
        state, chunk = twin.step(state, replace(condition([opening], step), bodies=bodies))
        truth = chunk.truth[0]
        [number] = [n for n, name in truth.instance_names.items() if name == "Body1"]
        np.testing.assert_allclose(truth.thing_poses[number][:, :2], [[3.0, 0.3]] * FRAMES, atol=0.01)
        assert (truth.instances == number).any((1, 2)).all() and chunk.moving[0][truth.instances == number].all()
    kept = twin.unpack(twin.pack(state))
    ahead = replace(condition([opening], 3), bodies=bodies)
    (_, there), (_, again) = twin.step(state, ahead), twin.step(kept, ahead)
    assert all_bytes(there) == all_bytes(again)
    _, gone = twin.step(state, condition([opening], 3))
    assert not any(name.startswith("Body") for name in gone.truth[0].instance_names.values())
