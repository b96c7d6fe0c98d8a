"""What a pool of Ray's actors asks and hears, by actors in this process; `test_ray` is with real ones."""

import sys
from dataclasses import dataclass, field

import pytest
from fake_ray import Death, fake_ray

import wm_gym.launching.ray_pool as ray_pool
from wm_gym.launching.launchers import opened_pool
from wm_gym.launching.pool import arrivals
from wm_gym.launching.ray_cluster import RayConfig


@dataclass(frozen=True)
class Doubles:
    """Makes workers that double, and die at some jobs the first time."""

    dies_at: tuple = ()
    weights: str = ""
    told: list = field(default_factory=list, compare=False)

    def __call__(self):
        self.told.append(("made", self.weights))
        return self

    def do(self, job):
        self.told.append(job)
        if job in self.dies_at and self.told.count(job) == 1:
            raise Death
        if job == 99:
            raise ValueError("job must be below 99, got 99")
        return job * 2

    def close(self):
        self.told.append("closed")


@pytest.fixture
def ray(monkeypatch):
    module = fake_ray()
    monkeypatch.setitem(sys.modules, "ray", module)
    # a copy by value in Ray's place: what is made here must be seen here
    monkeypatch.setattr(ray_pool, "relocated", lambda value, places: value)
    return module


def test_jobs_of_an_actor_that_died_are_done_by_another(ray):
    made = Doubles(dies_at=(2, 5))
    with opened_pool(made, RayConfig(workers=2)) as pool:
        assert dict(arrivals(pool, range(8))) == {n: 2 * n for n in range(8)}
    assert len(ray.actors) == 4 and made.told.count(2) == made.told.count(5) == 2
    assert made.told.count("closed") == 2 and all(actor._is_dead for actor in ray.actors[-2:])


def test_what_a_worker_raises_is_raised_here_and_all_end(ray):
    made = Doubles()
    with (
        pytest.raises(ValueError, match=r"^job must be below 99, got 99$"),
        opened_pool(made, RayConfig(workers=2)) as pool,
    ):
        list(arrivals(pool, [99]))
    assert made.told.count("closed") == 2


def test_workers_are_no_more_than_there_is_to_do_and_as_many_as_fit(ray):
    for config, at_most, count in ((RayConfig(), 0, 4), (RayConfig(cpus=2), 0, 2), (RayConfig(workers=3), 1, 1)):
        with opened_pool(Doubles(), config, at_most=at_most) as pool:
            assert pool.workers == count


def test_an_actor_of_another_version_says_so(ray):
    with pytest.raises(ValueError, match=r"^wm-gym on .* must be 0\.0, got "):
        ray_pool._Host(Doubles(), "0.0", [], []).ready()


def test_files_that_settings_name_are_put_into_the_store(ray, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(ray_pool, "cache_folder", lambda: tmp_path / "cache")
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"weights")
    made = Doubles(weights=str(weights))
    original = ray_pool.bytes_of

    def bytes_of(one):
        content = original(one)
        weights.unlink()  # as on another machine
        return content

    monkeypatch.setattr(ray_pool, "bytes_of", bytes_of)
    with opened_pool(made, RayConfig(workers=1)) as pool:
        assert dict(arrivals(pool, [1])) == {0: 2}
    copies = list((tmp_path / "cache").rglob("weights.safetensors"))
    assert len(copies) == 1 and copies[0].read_bytes() == b"weights"
