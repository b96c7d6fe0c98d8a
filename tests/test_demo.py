import json
import sys

import numpy as np
import pytest

from wm_gym.demo import DemoConfig, run_demo

SHORT = {
    "backend": "memory_only",
    "world": "rooms/9",
    "steps_out": 3,
    "event_at": 1,
    "event_steps": 2,
    "sheet_columns": 4,
}


def test_the_demo_needs_no_twin(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vizdoom", None)
    figures = run_demo(DemoConfig(**SHORT, output=str(tmp_path / "demo")))
    assert set(figures) == {
        "frames",
        "frames_per_second",
        "metres_from_home",
        "loop_closure_psnr_db",
        "depth_known_share",
        "remembered_points",
    }
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"walk.mp4", "walk.png", "cloud.ply", "report.json"}
    report = json.loads((tmp_path / "demo" / "report.json").read_text())
    assert report["world"] == "rooms/9" and report["figures"] == figures and report["config"]["event"] == "night falls"
    assert 1 + 4 * 3 < figures["frames"] <= 1 + 4 * 4 * 3


def test_the_twin_follows_where_it_can(tmp_path):
    figures = run_demo(DemoConfig(**SHORT | {"event": ""}, output=str(tmp_path)))
    assert figures["psnr_db"] > 15 and figures["depth_absrel_static"] < 0.2
    assert np.isfinite(figures["loop_closure_psnr_of_twin_db"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"enlarge": 3}, "enlarge must be an even number, got 3"),
        ({"steps_out": 0}, "steps_out must be at least 1, got 0"),
        ({"event_at": -1}, "event_at must be at least 0, got -1"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(change, message):
    with pytest.raises(ValueError) as raised:
        DemoConfig(**change)
    assert str(raised.value) == message


def test_an_event_without_words_leaves_no_video(tmp_path):
    with pytest.raises(ValueError, match="event text must say what happens, got ' '"):
        run_demo(DemoConfig(**SHORT | {"event": " "}, output=str(tmp_path / "demo")))
    assert not (tmp_path / "demo").exists()
