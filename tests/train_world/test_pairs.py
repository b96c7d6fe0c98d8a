"""Recorded pairs: a clip without events, and clips of the same map and actions with them."""

import numpy as np
import pytest

pytest.importorskip("vizdoom")

from wm_gym.train_world.data.collect import collect
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.record_clip import open_simulator, record_clip
from wm_gym.train_world.data.recordings import Recordings

KINDS = ["night", "snowfall", "fireworks"]
SIZES = {"num_clips": 6, "clips_per_shard": 3, "alternatives": 2, "steps": 5, "height": 24, "width": 32}


def config_of(folder, **changes):
    settings = SIZES | {"families": ["courtyard"], "event_kinds": KINDS, "workers": 1, "output": str(folder)} | changes
    return CollectConfig(**settings)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    collect(config_of(folder), quiet=True)
    recordings = Recordings(folder)
    recordings.verify()
    return [recordings.clip(index) for index in range(len(recordings))]


def test_clips_of_a_pair_share_map_actions_and_seed_and_the_first_has_no_events(clips):
    assert len(clips) == 6 and clips[0].place != clips[3].place
    for first, other in ((0, 1), (0, 2), (3, 4), (3, 5)):
        base, alternative = clips[first], clips[other]
        assert (base.place, base.seed, base.policy) == (alternative.place, alternative.seed, alternative.policy)
        assert np.array_equal(base.twists, alternative.twists)
        assert np.array_equal(base.body_poses, alternative.body_poses)
        assert not base.events and not base.event_masks and len(alternative.events) == 1


def test_outside_the_masks_an_alternative_has_the_bytes_of_its_first_clip(clips):
    for first, other in ((0, 1), (0, 2), (3, 4), (3, 5)):
        base, alternative = clips[first], clips[other]
        outside = ~np.any(list(alternative.event_masks.values()), axis=0)
        for name in ("frames", "depth", "moving"):
            assert np.array_equal(getattr(base, name)[outside], getattr(alternative, name)[outside]), name
        assert not np.array_equal(base.frames, alternative.frames)


def test_an_alternative_is_the_clip_of_its_own_plan(clips, tmp_path):
    config = config_of(tmp_path)
    model = open_simulator(config.height, config.width, config.steps)
    alone = record_clip(model, config.plan(1), config.steps)
    model.close()
    assert np.array_equal(alone.frames, clips[1].frames) and alone.prompts == clips[1].prompts
    assert np.array_equal(alone.depth, clips[1].depth) and np.array_equal(alone.moving, clips[1].moving)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alternatives": -1}, "alternatives must be at least 0, got -1"),
        ({"num_clips": 7}, "num_clips must be a multiple of 3, a clip and its alternatives, got 7"),
        ({"clips_per_shard": 4}, "clips_per_shard must be a multiple of 3, a clip and its alternatives, got 4"),
        ({"steps": 1}, "steps must be at least 2 for alternatives, got 1"),
        (
            {"event_kinds": ["walker"]},
            "events of pairs must be drawn on the engine's frame, got 'walker', an actor of the engine",
        ),
    ],
)
def test_pairs_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError) as raised:
        config_of("pairs", **changes)
    assert str(raised.value) == message
