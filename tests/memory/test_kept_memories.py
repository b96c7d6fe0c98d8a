"""Built memories in a folder: read as they were built, bounded, and built again where a file cannot be had."""

from dataclasses import replace

import pytest
import torch

from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.memory import kept
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.kept import SUFFIX, MemoryFolder, user_folder
from wm_gym.memory.keyframes import build_memory

SIZE = (12, 16)
LENS = intrinsics_from_fov(75.0, *SIZE).float()


def keyframes(red=200):
    """Two keyframes of a wall below the sky."""
    frames = torch.full((2, *SIZE, 3), 90, dtype=torch.uint8)
    frames[..., 0], depth = red, torch.full((2, *SIZE), 3.0)
    depth[:, :3] = 100.0
    return frames, depth, torch.eye(4).repeat(2, 1, 1), LENS


@pytest.fixture
def built(monkeypatch):
    """The number of times that a memory was built."""
    count = []
    monkeypatch.setattr(kept, "build_memory", lambda *given: count.append(1) or build_memory(*given))
    return count


def test_a_memory_is_built_once_and_read_as_it_was_built(tmp_path, built):
    first, again = (MemoryFolder(path=tmp_path / "new").memory(*keyframes(), MemoryConfig()) for _ in range(2))
    assert len(built) == 1 and first == again == build_memory(*keyframes(), MemoryConfig())
    assert first.num_static and first.num_sky


def test_other_keyframes_or_settings_have_another_memory(tmp_path, built):
    folder = MemoryFolder(path=tmp_path)
    folder.memory(*keyframes(), MemoryConfig())
    assert folder.memory(*keyframes(red=10), MemoryConfig()) == build_memory(*keyframes(red=10), MemoryConfig())
    assert folder.memory(*keyframes(), MemoryConfig(block_points=64)).config.block_points == 64
    assert len(built) == 3


def test_a_memory_of_other_source_is_not_read(tmp_path, built, monkeypatch):
    MemoryFolder(path=tmp_path).memory(*keyframes(), MemoryConfig())
    room = tmp_path / "room"
    room.mkdir()
    (room / "kernels.py").write_text("x = 1\n")
    monkeypatch.setattr(kept, "_MADE_BY", replace(kept._MADE_BY, room=room))
    MemoryFolder(path=tmp_path).memory(*keyframes(), MemoryConfig())
    assert len(built) == 2


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: data[:-1] + bytes([data[-1] ^ 1])])
def test_a_damaged_file_is_built_again_and_replaced(tmp_path, built, damage):
    folder = MemoryFolder(path=tmp_path)
    first = folder.memory(*keyframes(), MemoryConfig())
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert folder.memory(*keyframes(), MemoryConfig()) == first
    assert len(built) == 2 and file.read_bytes() == whole


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path, built):
    (tmp_path / "file").write_text("")
    folder = MemoryFolder(path=tmp_path / "file" / "memories")
    assert folder.memory(*keyframes(), MemoryConfig()) == folder.memory(*keyframes(), MemoryConfig())
    assert len(built) == 2


def test_the_least_lately_used_files_make_room(tmp_path, built):
    MemoryFolder(path=tmp_path).memory(*keyframes(red=0), MemoryConfig())
    one = sum(path.stat().st_size for path in tmp_path.iterdir())
    folder = MemoryFolder(int(2.5 * one), tmp_path)
    for red in (1, 0, 2):  # of 0 and 1, the latter is now the older
        folder.memory(*keyframes(red=red), MemoryConfig())
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= folder.most_bytes
    assert len(built) == 3
    folder.memory(*keyframes(red=0), MemoryConfig())
    assert len(built) == 3
    folder.memory(*keyframes(red=1), MemoryConfig())
    assert len(built) == 4


@pytest.mark.parametrize("most_bytes", [0, 100])
def test_nothing_is_kept_beyond_the_bound(tmp_path, most_bytes):
    MemoryFolder(most_bytes, tmp_path).memory(*keyframes(), MemoryConfig())
    assert not list(tmp_path.glob(f"*{SUFFIX}"))


def test_a_negative_bound_is_refused():
    with pytest.raises(ValueError, match="most_bytes must be at least 0, got -1"):
        MemoryFolder(-1)


def test_the_folder_of_the_user_is_where_xdg_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_folder() == tmp_path / "wm_gym" / "memories"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert str(user_folder()) == "/home/somebody/.cache/wm_gym/memories"
