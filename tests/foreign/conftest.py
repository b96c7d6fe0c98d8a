"""What tests of foreign clients share: small worlds that need no twin, and programs that may hang."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import pytest

import wm_gym
from wm_gym import presets

MEMORY = {"backend": "memory_only", "world": "rooms/9", "resolution": (36, 48), "finer": 1}


@pytest.fixture(autouse=True)
def _no_real_window(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@pytest.fixture
def memory():
    """Settings of the fastest worlds: nothing is generated, holes are filled from the nearest seen pixel."""
    return dict(MEMORY)


@pytest.fixture(params=["memory_only", "video"])
def small(request):
    """Settings of small worlds with observations that learners accept: `presets.RL`, and the same without a model."""
    return {**presets.RL, "world": "rooms/9", "backend": request.param}


@pytest.fixture
def make():
    """`gym.make`, and what it made is closed."""
    yield from _closing(gym.make)


@pytest.fixture
def make_vec():
    """`gym.make_vec`, and what it made is closed."""
    yield from _closing(gym.make_vec)


def _closing(how):
    made = []

    def _make(*args, **settings):
        made.append(how(*args, **settings))
        return made[-1]

    yield _make
    for env in made:
        env.close()


@pytest.fixture
def run_program(tmp_path):
    """Run a Python program, its text or its path, in a process of its own; one that hangs fails. What it printed."""

    def _run(program, *args, timeout):
        path = program if isinstance(program, Path) else tmp_path / "program.py"
        if path is not program:
            path.write_text(program)
        package = Path(wm_gym.__file__).parents[1]
        search = os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")])
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": search}
        command = [sys.executable, str(path), *map(str, args)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=tmp_path, env=variables, start_new_session=True, **pipes) as running:
            try:
                told, complaints = running.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)  # what it started as well
                told, complaints = running.communicate()
                pytest.fail(f"the program hung for {timeout} s; it had printed:\n{told}\n{complaints}")
        assert running.returncode == 0, told[-2000:] + complaints[-4000:]
        return told

    return _run
