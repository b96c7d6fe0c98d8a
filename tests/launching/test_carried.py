"""Files that settings name are found on a machine that does not have them."""

import pickle
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from wm_gym.launching.carried import bytes_of, carried_by, located, relocated


@dataclass(frozen=True)
class Settings:
    weights: str
    agent: dict = field(default_factory=dict)
    worlds: tuple = ()


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "policy" / "deep").mkdir(parents=True)
    for name in ("weights.safetensors", "policy/card.json", "policy/deep/net.pt", "place.npz"):
        (tmp_path / name).write_bytes(name.encode())
    return Settings(
        str(tmp_path / "weights.safetensors"), {"path": str(tmp_path / "policy"), "steps": 3},
        ("city/9", str(tmp_path / "place.npz")),
    )  # fmt: skip


def carried(settings):
    return {one: bytes_of(one) for one in carried_by(settings)}


def test_a_machine_that_has_the_files_uses_its_own(settings, tmp_path):
    assert located(carried(settings), tmp_path / "cache") == {} and not (tmp_path / "cache").exists()


def test_a_machine_without_the_files_uses_copies_of_them(settings, tmp_path):
    files = pickle.loads(pickle.dumps(carried(settings)))
    for name in ("weights.safetensors", "policy/deep/net.pt"):
        (tmp_path / name).unlink()
    (tmp_path / "place.npz").write_bytes(b"another's")
    there = relocated(settings, located(files, tmp_path / "cache"))
    assert there.worlds[0] == "city/9" and there.agent["steps"] == 3
    assert Path(there.weights).read_bytes() == b"weights.safetensors" and there.weights.endswith("/weights.safetensors")
    assert Path(there.agent["path"] + "/card.json").read_bytes() == b"policy/card.json"
    assert Path(there.agent["path"] + "/deep/net.pt").read_bytes() == b"policy/deep/net.pt"
    assert Path(there.worlds[1]).read_bytes() == b"place.npz"
    again = located(files, tmp_path / "cache")
    assert relocated(settings, again) == there


def test_only_names_with_a_separator_or_a_suffix_are_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "video").mkdir()
    (tmp_path / "a.npz").write_bytes(b"")
    assert [one.name for one in carried_by({"backend": "video", "world": ["a.npz", "b.npz", "", "x" * 9000]})] == [
        "a.npz"
    ]
    assert all(isinstance(value, np.ndarray) and not len(value) for value in carried("a.npz").values())
