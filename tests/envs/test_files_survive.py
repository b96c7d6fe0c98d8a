"""Saved states and replays: whole after a kill in the middle of writing, one error on a full disk, damage told."""

import os
import resource
import signal

import gymnasium as gym
import pytest

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs.replay.format import Replay
from wm_gym.envs.replay.recorder import RecordReplay


@pytest.fixture(scope="module")
def env():
    env = RecordReplay(
        gym.make("wm_gym/PointGoal-v0", backend="memory_only", disable_env_checker=True), snapshot_every=2
    )
    env.reset(seed=3)
    for action in (1, 1, 6, 0):
        env.step(action)
    yield env
    env.close()


class Writer:
    """A kind of file: how it is written and read."""

    def __init__(self, env, kind):
        self.write = env.unwrapped.save_state if kind == "state" else env.save_replay
        self.read = env.unwrapped.set_state if kind == "state" else Replay.load
        self.called = "saved state" if kind == "state" else "replay"


@pytest.fixture(params=["state", "replay"])
def writer(env, request):
    return Writer(env, request.param)


def in_a_child(action):
    """Exit status of a process that does something as this one would."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def test_what_was_written_is_read(writer, tmp_path):
    writer.write(tmp_path / "file")
    writer.read(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_kill_in_the_middle_of_writing_leaves_the_old_file_whole(writer, tmp_path):
    path = tmp_path / "file"
    writer.write(path)
    old = path.read_bytes()

    def write_until_killed():
        # The kernel ends a process that writes beyond its limit: in the middle, with no chance to tidy up.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(old) // 2, len(old) // 2))
        writer.write(path)

    def write_and_be_killed_before_the_end():
        os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
        writer.write(path)

    for action, sign in ((write_until_killed, signal.SIGXFSZ), (write_and_be_killed_before_the_end, signal.SIGKILL)):
        status = in_a_child(action)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == sign
        assert path.read_bytes() == old
        writer.read(path)
    writer.write(path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_one_clear_error(writer, tmp_path):
    path = tmp_path / "file"
    writer.write(path)
    old = path.read_bytes()
    (tmp_path / ".file.unfinished").symlink_to("/dev/full")
    with pytest.raises(RuntimeError) as raised:
        writer.write(path)
    assert str(raised.value) == f"{path} could not be written: No space left on device"
    assert path.read_bytes() == old and [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_not_there_is_one_clear_error(writer, tmp_path):
    path = tmp_path / "none" / "file"
    with pytest.raises(RuntimeError) as raised:
        writer.write(path)
    assert str(raised.value) == f"{path} could not be written: No such file or directory"


def test_a_file_that_is_not_there_is_refused(writer, tmp_path):
    path = tmp_path / "none"
    with pytest.raises(ValueError) as raised:
        writer.read(path)
    assert str(raised.value) == (
        f"a {writer.called} must be a file that can be read, got {str(path)!r}: No such file or directory"
    )


def test_a_flipped_byte_is_refused_and_says_where(writer, tmp_path):
    path = tmp_path / "file"
    writer.write(path)
    data = path.read_bytes()
    told = set()
    for part in range(40):
        position = len(data) * part // 40
        path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        with pytest.raises(ValueError) as raised:
            writer.read(path)
        assert str(raised.value).startswith((f"{writer.called} {path} must be ", f"a {writer.called} must be "))
        told.add(str(raised.value).partition(" (")[0])
    assert any(
        message.endswith("damaged 'extra.depth'" if writer.called == "saved state" else "damaged 'state.000002'")
        for message in told
    )


def test_a_file_that_was_cut_short_is_refused(writer, tmp_path):
    path = tmp_path / "file"
    writer.write(path)
    data = path.read_bytes()
    for size in (len(data) - 1, len(data) // 2, 9000):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError) as raised:
            writer.read(path)
        assert str(raised.value) == (
            f"{writer.called} {path} must be whole, got {size} bytes, cut short or with a damaged header"
        )
