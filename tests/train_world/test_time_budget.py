"""Weights within a given time: collected, trained and packed in one call."""

import hashlib
import json

import pytest

from wm_gym.backends.video.weights import load_weights
from wm_gym.completion.weights import load_inpainter
from wm_gym.train_world.recipes.time_budget import TimeBudgetConfig, pack, time_budget
from wm_gym.train_world.video.sizes import SHAPES, video_of

TINY = {
    "size": "1M", "height": 24, "width": 32, "minutes": 0.1, "packing_minutes": 0.0, "num_clips": 8,
    "held_out_clips": 1, "steps": 12, "passes": 1, "batch": 2, "workers": 1, "device": "cpu",
    "report_steps": 10, "part_bytes": 700_000,
}  # fmt: skip


def test_parts_make_up_the_file_and_are_small(tmp_path):
    data = bytes(range(256)) * 10
    (tmp_path / "file").write_bytes(data)
    *parts, digest = pack(tmp_path / "file", tmp_path / "parts", 1000)
    assert [part.name for part in parts] == ["file.00", "file.01", "file.02"]
    assert b"".join(part.read_bytes() for part in parts) == data
    assert digest.read_text() == f"{hashlib.sha256(data).hexdigest()}  file\n"


def test_fewer_parts_leave_no_old_ones_behind(tmp_path):
    (tmp_path / "file").write_bytes(b"abcdef")
    pack(tmp_path / "file", tmp_path / "parts", 2)
    pack(tmp_path / "file", tmp_path / "parts", 9)
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == ["file.00", "file.sha256"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "size", "load", "last_rate"),
    [
        ("inpainter", "1M", load_inpainter, 4e-5),
        ("video", "2M", load_weights, 2e-5),
        ("student", "2M", load_weights, 2e-5),
    ],
)
def test_from_nothing_to_weights(tmp_path, monkeypatch, what, size, load, last_rate):
    pytest.importorskip("vizdoom")
    # collecting takes no time, so that a busy machine has as much left to train
    monkeypatch.setattr("wm_gym.train_world.recipes.time_budget.perf_counter", lambda: 0.0)
    config = TimeBudgetConfig(output=str(tmp_path), **TINY | {"what": what, "size": size})
    *parts, _ = time_budget(config)
    assert all(part.stat().st_size <= config.part_bytes for part in parts)
    joined = tmp_path / "joined.safetensors"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert (load(joined).config.height, load(joined).config.width) == (24, 32)
    rows = (tmp_path / "decay" / "log.jsonl").read_text().splitlines()
    assert json.loads(rows[-1])["learning_rate"] == pytest.approx(last_rate)


@pytest.mark.slow
def test_without_time_to_train_it_says_so(tmp_path):
    pytest.importorskip("vizdoom")
    with pytest.raises(RuntimeError, match="time must be left to train"):
        time_budget(TimeBudgetConfig(output=str(tmp_path), **TINY | {"minutes": 0.001}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"what": "codec"}, "what must be one of ['inpainter', 'video', 'student'], got 'codec'"),
        ({"decay_share": 1.0}, "decay_share must be between 0 and 1, got 1.0"),
        ({"part_bytes": 0}, "part_bytes must be at least 1, got 0"),
        ({"size": "5M"}, "size must be one of ['1M', '3M', '10M', '30M'], got '5M'"),
        ({"what": "video"}, "size must be one of ['2M', '5M', '18M', '39M'], got '10M'"),
        ({"height": 50}, "height and width must be multiples of token (8), got 50 x 64"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_collected(change, message):
    with pytest.raises(ValueError) as raised:
        TimeBudgetConfig(**change)
    assert str(raised.value) == message


@pytest.mark.parametrize("size", list(SHAPES))
def test_video_models_come_in_sizes(size):
    assert video_of(size).num_heads == SHAPES[size][0]
    with pytest.raises(ValueError, match="size must be one of"):
        video_of("1G")
