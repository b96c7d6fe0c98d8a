import subprocess
import sys

import av
import numpy as np
import pytest

from wm_gym.files.video import VideoWriter

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from wm_gym.files.video import VideoWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
rng = np.random.default_rng(0)
try:
    with VideoWriter(Path(sys.argv[1]), 17.5, 48, 64) as film:
        for _ in range(2000):
            film.add(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8))
except RuntimeError as error:
    print(error)
"""

KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from wm_gym.files.video import VideoWriter
film = VideoWriter(Path(sys.argv[1]), 17.5, 48, 64)
for _ in range(30):
    film.add(np.zeros((48, 64, 3), np.uint8))
os.kill(os.getpid(), signal.SIGKILL)
"""


def _shoot(path, brightness):
    with VideoWriter(path, 17.5, 48, 64) as film:
        for value in brightness:
            film.add(np.full((48, 64, 3), value, np.uint8))


def _means(path):
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == 17.5
        return [frame.to_ndarray(format="rgb24").mean() for frame in container.decode(video=0)]


def test_a_video_can_be_read_back(tmp_path):
    _shoot(tmp_path / "walk.mp4", range(0, 200, 40))
    np.testing.assert_allclose(_means(tmp_path / "walk.mp4"), range(0, 200, 40), atol=6)


def test_an_error_leaves_no_video(tmp_path):
    with pytest.raises(RuntimeError), VideoWriter(tmp_path / "walk.mp4", 17.5, 48, 64) as film:
        film.add(np.zeros((48, 64, 3), np.uint8))
        raise RuntimeError("the world ended")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", [FULL_DISK, KILLED], ids=["full disk", "killed"])
def test_an_interrupted_writer_leaves_the_older_video_whole(tmp_path, script):
    path = tmp_path / "walk.mp4"
    _shoot(path, [100, 100])
    run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    np.testing.assert_allclose(_means(path), [100, 100], atol=6)
    if script is FULL_DISK:
        assert run.returncode == 0 and run.stdout == f"{path} could not be written: File too large\n"
        assert list(tmp_path.iterdir()) == [path]
    else:
        assert run.returncode == -9
        _shoot(path, [30])
        assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_refused_at_once(tmp_path):
    (tmp_path / "films").write_text("a file")
    with pytest.raises(RuntimeError, match=r"walk\.mp4 could not be written: "):
        VideoWriter(tmp_path / "films" / "walk.mp4", 17.5, 48, 64)


def test_odd_and_wrong_sizes_are_refused(tmp_path):
    with pytest.raises(ValueError) as raised:
        VideoWriter(tmp_path / "walk.mp4", 17.5, 47, 64)
    assert str(raised.value) == "a video must have an even height and width, got 47 x 64"
    with pytest.raises(ValueError) as raised, VideoWriter(tmp_path / "walk.mp4", 17.5, 48, 64) as film:
        film.add(np.zeros((24, 32, 3), np.uint8))
    assert str(raised.value) == "a frame of this video must be (48, 64, 3) uint8, got (24, 32, 3) uint8"
    assert list(tmp_path.iterdir()) == []
