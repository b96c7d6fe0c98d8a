"""Poses of the twin's things agree with its pixels."""

import numpy as np
import pytest
from twin_walks import condition

from wm_gym.backends.twin.model import TwinModel, open_place
from wm_gym.world_model import Place

HEIGHT, WIDTH, STEPS = 48, 64, 4


@pytest.fixture(scope="module", params=["city", "park"])
def chunks(request):
    twin = TwinModel.create(HEIGHT, WIDTH, max_processes=1)
    opening = open_place(Place(request.param, 3), HEIGHT, WIDTH)
    state, chunk = twin.start([opening], [5])
    told = [chunk]
    for step in range(STEPS):
        state, chunk = twin.step(state, condition([opening], step))
        told.append(chunk)
    twin.close()
    return opening.intrinsics.numpy(), told


def test_each_thing_in_a_frame_has_a_pose_there(chunks):
    for chunk in chunks[1]:
        truth = chunk.truth[0]
        for t, instances in enumerate(truth.instances):
            for number in set(np.unique(instances).tolist()) - {0}:
                pose = truth.thing_poses[number][t]
                assert np.isfinite(pose).all() and -np.pi <= pose[3] < np.pi


def test_a_thing_stands_where_its_pixels_and_their_depth_are(chunks):
    (fx, _, cx, _), told = chunks
    compared = 0
    for chunk in told:
        truth = chunk.truth[0]
        for t, instances in enumerate(truth.instances):
            camera_from_world = np.linalg.inv(chunk.world_from_camera[0, t].numpy().astype(np.float64))
            for number in set(np.unique(instances).tolist()) - {0}:
                rows, columns = np.nonzero(instances == number)
                place = camera_from_world @ np.append(truth.thing_poses[number][t][:3], 1.0)
                if len(rows) < 12 or columns.min() == 0 or columns.max() == WIDTH - 1:
                    continue
                x = (columns.mean() + 0.5 - cx) / fx * chunk.depth[0, t].numpy()[rows, columns].mean()
                assert abs(x - place[0]) < 1.0
                compared += 1
    assert compared
