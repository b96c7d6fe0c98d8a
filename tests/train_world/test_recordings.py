import errno
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.backends.twin.model import TwinModel
from wm_gym.events.scripts import EventScript
from wm_gym.files.hashing import sha256_of
from wm_gym.train_world.data.captions import Captions, Interval
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import EVENT_KINDS, PLAIN_ARRAYS, Clip, Recordings
from wm_gym.train_world.data.shards import write_manifest, write_shard
from wm_gym.train_world.data.splits import nth_seed, split_of
from wm_gym.world_model import Place

STEPS, HEIGHT, WIDTH = 3, 6, 10  # a width that fills no whole bytes
CONFIG = CollectConfig(num_clips=5, steps=STEPS, height=HEIGHT, width=WIDTH)
FRAMES = CONFIG.frames_per_clip


def make_clip(seed, kind=None):
    rng = np.random.default_rng(seed)
    script = EventScript(seed) if kind is None else EventScript(seed).schedule("it starts to snow", 1, 4)
    return Clip(
        spec=CONFIG.spec,
        frames=rng.integers(0, 256, (FRAMES, HEIGHT, WIDTH, 3), np.uint8),
        depth=rng.uniform(0.5, 100, (FRAMES, HEIGHT, WIDTH)).astype(np.float16),
        moving=rng.random((FRAMES, HEIGHT, WIDTH)) < 0.5,
        world_from_camera=rng.normal(size=(FRAMES, 4, 4)).astype(np.float32),
        body_poses=rng.normal(size=(FRAMES, 5)),
        intrinsics=rng.uniform(1, 9, 4).astype(np.float32),
        keys=rng.random((STEPS, 8)) < 0.5,
        twists=rng.uniform(-1, 1, (STEPS, 4)).astype(np.float32),
        event_strengths=rng.random((FRAMES, len(EVENT_KINDS))).astype(np.float16),
        event_masks={} if kind is None else {kind: rng.random((FRAMES, HEIGHT, WIDTH)) < 0.5},
        appearance=rng.integers(0, 8, STEPS).astype(np.uint8),
        prompts=("a", "b", "c"),
        captions=Captions("n", "s", (Interval(0.0, 1.0, "ahead", "Ö."),)),
        place=Place("city", seed, "simple"),
        seed=seed,
        policy="free",
        controller="smooth",
        events=script.events,
    )


@pytest.fixture
def folder(tmp_path):
    """Five clips in two shards."""
    clips = [make_clip(seed, "snowfall" if seed in (1, 4) else None) for seed in range(5)]
    manifest = CONFIG.manifest()
    for number, part in enumerate((clips[:3], clips[3:])):
        path = write_shard(tmp_path, number, part)
        manifest["shards"].append({"name": path.name, "clips": len(part), "sha256": sha256_of(path)})
    write_manifest(tmp_path, manifest)
    return tmp_path


def test_clips_come_back_as_they_were(folder):
    recordings = Recordings(folder)
    recordings.verify()
    assert len(recordings) == 5
    for index in (4, 0, 3, 2, 1):
        clip, truth = recordings.clip(index), make_clip(index, "snowfall" if index in (1, 4) else None)
        for name in (*PLAIN_ARRAYS, "moving"):
            assert np.array_equal(getattr(clip, name), getattr(truth, name)), name
            assert getattr(clip, name).dtype == getattr(truth, name).dtype, name
        assert clip.event_masks.keys() == truth.event_masks.keys()
        assert all(np.array_equal(clip.event_masks[kind], mask) for kind, mask in truth.event_masks.items())
        for name in ("spec", "prompts", "captions", "place", "seed", "policy", "controller", "events"):
            assert getattr(clip, name) == getattr(truth, name), name


def test_a_clip_can_be_written_into(folder):
    recordings = Recordings(folder)
    recordings.clip(0).frames[:] = 0
    assert np.array_equal(recordings.clip(0).frames, make_clip(0).frames)


def test_numpy_alone_can_read_a_shard(folder):
    shard = np.load(folder / "shard-00000.npz", allow_pickle=False)
    truth = make_clip(1, "snowfall")
    moving = np.unpackbits(shard["moving"], axis=-1, count=WIDTH).astype(bool)
    assert np.array_equal(moving[1], truth.moving)
    assert shard["event_mask_rows"].tolist() == [[1, EVENT_KINDS.index("snowfall")]]
    assert json.loads(shard["meta"].tobytes())[1]["captions"]["temporal"][0]["caption"] == "Ö."


def test_equal_clips_give_equal_bytes(tmp_path):
    first, second = (write_shard(tmp_path, number, [make_clip(0), make_clip(1, "snowfall")]) for number in (0, 1))
    assert first.read_bytes() == second.read_bytes()


def change_manifest(folder, **changes):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


@pytest.mark.parametrize(("name", "value"), [("version", 1), ("format", "other")])
def test_recordings_of_another_version_are_refused(folder, name, value):
    change_manifest(folder, **{name: value})
    with pytest.raises(ValueError, match=r"must be of wm_gym.recordings version 2, got \("):
        Recordings(folder)


@pytest.mark.parametrize("spec", [None, {"fps": 17.5}, CONFIG.spec.to_json() | {"colour": "red"}])
def test_recordings_without_a_whole_spec_are_refused(folder, spec):
    change_manifest(folder, spec=spec)
    with pytest.raises(ValueError, match=r"^spec must have the fields \['name', 'height', 'width', .*\], got "):
        Recordings(folder)


def test_the_manifest_holds_the_spec_of_what_recorded_the_clips(folder):
    spec = TwinModel.create(HEIGHT, WIDTH).spec
    assert Recordings(folder).spec == RecordingSpec.of(spec)
    assert json.loads((folder / "manifest.json").read_text())["spec"]["far_metres"] == spec.far_metres


@given(st.integers(0, 3), st.integers(1, 16), st.integers(0, 40))
def test_frames_of_steps_follow_one_another_and_know_their_step(first_frames, frames_per_step, step):
    spec = replace(CONFIG.spec, first_frames=first_frames, frames_per_step=frames_per_step)
    frames = spec.frames_of(step)
    assert len(frames) == frames_per_step and frames.stop == spec.frames_of(step + 1).start == spec.num_frames(step + 1)
    assert {spec.step_of(frame) for frame in frames} == {step}


def test_a_folder_without_recordings_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must hold recordings with a manifest.json"):
        Recordings(tmp_path)


def test_a_truncated_shard_is_refused(folder):
    path = folder / "shard-00001.npz"
    path.write_bytes(path.read_bytes()[:2000])
    recordings = Recordings(folder)
    assert recordings.clip(0).seed == 0
    with pytest.raises(ValueError, match="must be a whole shard of recordings"):
        recordings.clip(4)
    with pytest.raises(ValueError, match="must have the checksum"):
        recordings.verify()


@pytest.mark.parametrize("index", [-1, 5])
def test_a_clip_that_is_not_there_is_refused(folder, index):
    with pytest.raises(ValueError, match="clip index must be from 0 to 4"):
        Recordings(folder).clip(index)


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def fills_up(file, **_):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", fills_up)
    with pytest.raises(RuntimeError, match=r"shard-00000.npz could not be written: No space left on device"):
        write_shard(tmp_path, 0, [make_clip(0)])
    assert not list(tmp_path.iterdir())


def test_no_map_is_in_two_splits():
    train, test = ({nth_seed(split, n) for n in range(300)} for split in ("train", "test"))
    assert len(train) == len(test) == 300 and not train & test
    assert all(split_of("park", seed) == "train" for seed in train)
    assert all(split_of("park", seed) == "test" for seed in test)


def test_each_clip_has_its_own_map_of_its_split():
    for split in ("train", "test"):
        config = CollectConfig(split=split, num_clips=100, seed=2)
        places = [config.plan(index).place for index in range(100)]
        assert len({(place.family, place.seed) for place in places}) == 100
        assert all(split_of(place.family, place.seed) == split for place in places)


@pytest.mark.parametrize("share", [0.2, 1.0, 0.5])
def test_the_asked_share_of_the_clips_have_events_of_all_kinds_evenly(share: float):
    num_clips = round(4 * len(EVENT_KINDS) / share)
    config = CollectConfig(num_clips=num_clips, event_share=share)
    events = [event for index in range(num_clips) for event in config.plan(index).script.events]
    assert sorted(event.kind for event in events) == sorted(4 * EVENT_KINDS)
    for event in events:
        assert event.start_frame > 1 and (event.start_frame - 1) % 4 == 0
        assert event.stop_frame is not None and event.start_frame < event.stop_frame < config.frames_per_clip
        assert event.strength(config.frames_per_clip - 1) == 0.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_clips": 0}, "num_clips must be at least 1, got 0"),
        ({"event_share": 1.5}, "event_share must be in 0..1, got 1.5"),
        ({"split": "validation"}, "split must be one of"),
        ({"families": ["moon"]}, "families must be among"),
        ({"difficulties": {"hard": 1.0}}, "difficulties must be shares of"),
        ({"difficulties": {"full": 0.0}}, "difficulties must be shares of"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        CollectConfig(**settings)


def test_columns_of_events_are_read_by_their_names(folder):
    clips = [Recordings(folder).clip(index) for index in range(3)]
    turned = EVENT_KINDS[::-1]
    for path in folder.glob("shard-*.npz"):
        arrays = dict(np.load(path))
        arrays["event_strengths"] = arrays["event_strengths"][..., ::-1]
        arrays["event_mask_rows"][:, 1] = len(turned) - 1 - arrays["event_mask_rows"][:, 1]
        np.savez(path, **arrays)
    change_manifest(folder, event_kinds=list(turned))
    for index, clip in enumerate(clips):
        read = Recordings(folder).clip(index)
        assert np.array_equal(read.event_strengths, clip.event_strengths)
        assert {kind: mask.tobytes() for kind, mask in read.event_masks.items()} == {
            kind: mask.tobytes() for kind, mask in clip.event_masks.items()
        }


def test_kinds_of_event_that_recordings_do_not_have_are_at_no_strength(folder):
    for path in folder.glob("shard-*.npz"):
        arrays = dict(np.load(path))
        arrays["event_strengths"] = arrays["event_strengths"][..., :-1]
        np.savez(path, **arrays)
    change_manifest(folder, event_kinds=list(EVENT_KINDS[:-1]))
    strengths = Recordings(folder).clip(0).event_strengths
    assert strengths.shape[1] == len(EVENT_KINDS) and not strengths[:, -1].any()


@pytest.mark.parametrize("kinds", [None, [], "night", ["night", "eclipse"]])
def test_recordings_of_unknown_kinds_of_event_are_refused(folder, kinds):
    change_manifest(folder, event_kinds=kinds)
    with pytest.raises(ValueError, match=r"event_kinds of .*manifest.json must be among \['"):
        Recordings(folder)
