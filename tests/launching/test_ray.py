"""On a Ray cluster files have the bytes of one process, and what a lost worker did is done again."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("ray")

from wm_gym.agents.episode_worker import EpisodeWorkers, play_launched
from wm_gym.agents.episodes import Start
from wm_gym.launching.launchers import opened_pool
from wm_gym.launching.pool import arrivals
from wm_gym.launching.ray_cluster import RayConfig, started_ray
from wm_gym.rollout import RolloutConfig, rollout

pytestmark = pytest.mark.slow
FOLDER = str(Path(__file__).parent)
SIZE = {"backend": "memory_only", "resolution": (24, 32), "max_episode_steps": 5}


@dataclass(frozen=True)
class Deaths:
    """Makes workers whose process ends at some jobs, once each, as the files that it leaves tell."""

    folder: str
    jobs: tuple[int, ...] = ()
    always: bool = False

    def __call__(self):
        return self

    def do(self, job):
        told = Path(self.folder) / f"{job}-{os.getpid()}"
        told.touch()
        if job in self.jobs and (self.always or len(list(told.parent.glob(f"{job}-*"))) == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        if job == 99:
            raise ValueError("job must be below 99, got 99")
        return job * 2

    def close(self):
        pass


@pytest.fixture(scope="module", autouse=True)
def ray():
    paths = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [FOLDER, paths]))
    yield started_ray()
    started_ray().shutdown()
    os.environ["PYTHONPATH"] = paths


def test_jobs_of_a_killed_worker_are_done_again(tmp_path):
    with opened_pool(Deaths(str(tmp_path), jobs=(2, 5)), RayConfig(workers=2, cpus=0.5)) as pool:
        assert dict(arrivals(pool, range(8))) == {n: 2 * n for n in range(8)}
    assert len(list(tmp_path.glob("2-*"))) == len(list(tmp_path.glob("5-*"))) == 2


def test_a_job_that_kills_every_worker_ends_the_run(tmp_path):
    make = Deaths(str(tmp_path), jobs=(1,), always=True)
    with (
        opened_pool(make, RayConfig(workers=1, most_losses=1)) as pool,
        pytest.raises(RuntimeError, match=r"^workers lost at one job must be at most 1, got 2 at job 1"),
    ):
        list(arrivals(pool, range(3), most_losses=1))


def test_what_a_worker_raises_is_raised_here(tmp_path):
    with (
        opened_pool(Deaths(str(tmp_path)), RayConfig(workers=1)) as pool,
        pytest.raises(ValueError, match=r"^job must be below 99, got 99$"),
    ):
        list(arrivals(pool, [99]))


def test_episodes_of_a_killed_worker_are_played_again():
    workers = EpisodeWorkers("random", num_envs=2, task="point_goal", settings=SIZE)
    starts = [Start(seed, "city/9") for seed in range(9)]
    killed = []

    def kill_one(number, episode):
        if not killed:
            killed.append(kill_a_worker())

    played = play_launched(workers, starts, RayConfig(workers=2, cpus=0.5), kill_one)
    local = workers()
    expected = local.do(starts)
    local.close()
    assert killed and [one.row() for one in played] == [one.row() for one in expected]
    assert all((one.actions == other.actions).all() for one, other in zip(played, expected, strict=True))


def kill_a_worker():
    """Of those that this machine's processes tell."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told = path.read_bytes()
        except OSError:
            continue
        if told.startswith(b"ray::_Host"):
            os.kill(int(path.parent.name), signal.SIGKILL)
            return path.parent.name
    raise AssertionError("no worker was found")


def test_files_of_a_rollout_have_the_bytes_of_one_process(tmp_path, monkeypatch):
    settings = {
        "backend": "memory_only", "height": 24, "width": 32, "steps": 5, "worlds": ["city/9", "rooms/9"], "films": 1,
        "episodes": 5, "num_envs": 2, "agent": "random", "task": "point_goal", "output": "out",
    }  # fmt: skip
    for name, launcher in (("one", {}), ("ray", {"launcher": "ray", "launcher_settings": {"workers": 2, "cpus": 0.5}})):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        rollout(RolloutConfig(**settings, **launcher))
    names = sorted(path.name for path in (tmp_path / "one" / "out").iterdir() if path.suffix != ".mp4")
    assert len(names) == 4
    for name in names:
        assert (tmp_path / "one" / "out" / name).read_bytes() == (tmp_path / "ray" / "out" / name).read_bytes()


def test_shards_of_a_dataset_have_the_bytes_of_one_process(tmp_path):
    pytest.importorskip("vizdoom")
    from wm_gym.train_world.data.collect import collect
    from wm_gym.train_world.data.collect_config import CollectConfig

    settings = {"num_clips": 4, "clips_per_shard": 2, "steps": 2, "height": 24, "width": 32, "workers": 1}
    collect(CollectConfig(output=str(tmp_path / "one"), **settings), quiet=True)
    launcher = {"launcher": "ray", "launcher_settings": {"workers": 2, "cpus": 0.5}}
    collect(CollectConfig(output=str(tmp_path / "ray"), **settings, **launcher), quiet=True)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(names) == 3 and names == sorted(path.name for path in (tmp_path / "ray").iterdir())
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "ray" / name).read_bytes()


def test_ctrl_c_ends_a_rollout_and_its_workers(tmp_path):
    words = [
        "rollout", "launcher=ray", "backend=memory_only", "height=24", "width=32", "episodes=200", "steps=200",
        "world=city/9", "films=0", f"output={tmp_path / 'out'}", "launcher_settings={workers: 1}",
    ]  # fmt: skip
    run = subprocess.Popen([sys.executable, "-m", "wm_gym.cli", *words], stderr=subprocess.PIPE, text=True)
    while not (hosts := hosts_below(run.pid)):
        assert run.poll() is None
        time.sleep(0.2)
    time.sleep(2)
    run.send_signal(signal.SIGINT)
    _, error = run.communicate(timeout=60)
    assert run.returncode == 130 and "Traceback" not in error
    assert not (tmp_path / "out").exists()
    for _ in range(50):
        if not any(Path(f"/proc/{host}").exists() for host in hosts):
            return
        time.sleep(0.2)
    raise AssertionError("workers went on")


def hosts_below(pid):
    """Workers of the Ray that a process started: grandchildren of it."""
    children = {}
    named = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text, command = path.read_text(), (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
        if command.startswith(b"ray::_Host"):
            named.append(int(path.parent.name))
    below, ring = set(), [pid]
    while ring:
        ring = [child for parent in ring for child in children.get(parent, [])]
        below.update(ring)
    return [one for one in named if one in below]
