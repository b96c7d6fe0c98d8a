import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("vizdoom")

from wm_gym.backends.twin.site import site_of
from wm_gym.events.scripts import EventScript
from wm_gym.train_world.data.collect import collect
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.plans import ClipPlan
from wm_gym.train_world.data.record_clip import open_simulator, record_clip
from wm_gym.train_world.data.recordings import EVENT_KINDS, Recordings
from wm_gym.train_world.data.shards import write_manifest
from wm_gym.train_world.policies import POLICIES
from wm_gym.world_model import Place

HEIGHT, WIDTH, STEPS = 24, 32, 5


@pytest.fixture(scope="module")
def engine():
    model = open_simulator(HEIGHT, WIDTH, STEPS)
    yield model
    model.close()


def plan_of(kind="it starts to snow", policy="free"):
    script = EventScript(7).schedule(kind, 5, 8)
    return ClipPlan(Place("courtyard", 2, "simple"), 7, policy, "smooth", script)


@pytest.fixture(scope="module")
def clip(engine):
    return record_clip(engine, plan_of(), STEPS)


def test_a_clip_has_every_part(clip):
    frames = 1 + 4 * STEPS
    assert clip.frames.shape == (frames, HEIGHT, WIDTH, 3) and clip.frames.dtype == np.uint8
    assert clip.depth.shape == clip.moving.shape == (frames, HEIGHT, WIDTH)
    assert clip.depth.dtype == np.float16 and clip.moving.dtype == np.bool_
    assert clip.world_from_camera.shape == (frames, 4, 4) and clip.body_poses.shape == (frames, 5)
    assert clip.keys.shape == (STEPS, 8) and clip.twists.shape == (STEPS, 4)
    assert clip.appearance.shape == (STEPS,) and len(clip.prompts) == STEPS
    assert clip.depth.min() > 0 and clip.depth.max() <= 100


def test_equal_plans_give_equal_clips(engine, clip):
    record_clip(engine, plan_of("a bonfire is lit ahead"), STEPS)
    again = record_clip(engine, plan_of(), STEPS)
    assert np.array_equal(again.frames, clip.frames) and np.array_equal(again.body_poses, clip.body_poses)
    assert again.prompts == clip.prompts and again.captions == clip.captions


def test_an_event_starts_and_stops_inside_its_clip(clip):
    strengths, mask = clip.event_strengths[:, 2], clip.event_masks["snowfall"]
    assert strengths[:5].max() == 0 < strengths[5]
    assert not mask[:5].any() and mask[8].mean() > 0.1
    assert "snow" not in clip.prompts[0] and "snow" in clip.prompts[1]


def test_bodies_stay_out_of_what_is_solid(clip):
    assert not site_of("courtyard", 2, "simple").obstacles.blocked(clip.body_poses[:, :2], 0.29).any()


def config_of(folder, **changes):
    settings = {"num_clips": 3, "steps": 2, "height": 16, "width": 24, "families": ["courtyard"], "clips_per_shard": 1}
    return CollectConfig(output=str(folder), **{**settings, **changes})


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_an_unfinished_dataset_is_completed_and_ends_in_the_same_bytes(tmp_path):
    config = config_of(tmp_path / "a", num_clips=2, workers=1)
    manifest = collect(config, quiet=True)
    whole = contents(tmp_path / "a")
    # as after a kill: the second shard is not in the manifest, half of another lies about
    write_manifest(tmp_path / "a", {**manifest, "shards": manifest["shards"][:1]})
    (tmp_path / "a" / "shard-00001.npz").write_bytes(b"old")
    (tmp_path / "a" / ".shard-00001.npz.unfinished").write_bytes(b"half")
    assert len(Recordings(tmp_path / "a")) == 1
    collect(config, quiet=True)
    assert contents(tmp_path / "a") == whole
    assert [Recordings(tmp_path / "a").clip(index).place.seed for index in range(2)] == [0, 1]
    with pytest.raises(ValueError, match="steps must stay 2 in"):
        collect(config_of(tmp_path / "a", steps=3), quiet=True)


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_dataset_ends_in_the_same_bytes_when_resumed(tmp_path, sign):
    collect(config_of(tmp_path / "whole"), quiet=True)
    overrides = [f"output={tmp_path / 'stopped'}", "num_clips=3", "steps=2", "height=16", "width=24"]
    overrides += ["families=[courtyard]", "clips_per_shard=1", "workers=1"]
    command = [sys.executable, "-m", "wm_gym.cli", "collect", *overrides]
    stopped = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "stopped" / "shard-00000.npz").exists() and stopped.poll() is None:
        time.sleep(0.01)
    os.kill(stopped.pid, sign)
    _, error = stopped.communicate()
    assert "Traceback" not in error
    collect(config_of(tmp_path / "stopped"), quiet=True)
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


def test_a_folder_that_cannot_be_made_is_refused_in_one_sentence(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(ValueError, match="output must be a folder that can be made"):
        collect(config_of(blocked / "inside"), quiet=True)


def test_many_events_of_a_clip_follow_one_another_and_each_is_over_before_the_next():
    config = CollectConfig(event_share=1.0, event_kinds=["bonfire", "walker"], events_each=4)
    for index in range(20):
        events = config.plan(index).script.events
        assert len(events) == 4 and {event.kind for event in events} <= {"bonfire", "walker"}
        for event, following in pairwise(events):
            assert event.strength(following.start_frame - 1) == 0.0


def test_all_clips_follow_the_policy_that_is_asked_for():
    config = CollectConfig(policy="film", event_share=0.0)
    assert {(config.plan(k).policy, config.plan(k).controller) for k in range(6)} == {("film", "smooth")}
    drawn = CollectConfig(event_share=0.0)
    assert [config.plan(k).place for k in range(6)] == [drawn.plan(k).place for k in range(6)]
    assert "film" not in {drawn.plan(k).policy for k in range(60)} and "policy" not in drawn.settings()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"events_each": 13}, "events_each must be from 1 to 12, half the steps, got 13"),
        ({"policy": "dance"}, f"policy must be one of {sorted(POLICIES)} or empty, got 'dance'"),
        ({"event_kinds": ["hail"]}, f"event_kinds must be among {list(EVENT_KINDS)}, got ['hail']"),
    ],
)
def test_clips_that_cannot_be(settings, message):
    with pytest.raises(ValueError) as raised:
        CollectConfig(**settings)
    assert str(raised.value) == message
