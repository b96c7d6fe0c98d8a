"""Launchers and settings of them that are none are refused in one sentence."""

import builtins
import re

import pytest

from wm_gym.launching.launchers import read_launcher
from wm_gym.launching.ray_cluster import RayConfig, started_ray


@pytest.mark.parametrize(
    ("launcher", "settings", "message"),
    [
        ("rya", {}, "launcher must be one of ['local', 'ray'], got 'rya'"),
        ("local", {"workers": 2}, "launcher_settings of 'local' must be among [], got 'workers'"),
        (
            "ray",
            {"worker": 2},
            "launcher_settings of 'ray' must be among ['workers', 'cpus', 'gpus', 'address', 'most_losses'], got "
            "'worker'; did you mean 'workers'?",
        ),
        ("ray", {"workers": -1}, "workers must be at least 0, got -1"),
        ("ray", {"workers": 1.5}, "workers must be an integer, got 1.5"),
        ("ray", {"workers": True}, "workers must be an integer, got True"),
        ("ray", {"cpus": 0}, "cpus must be above 0, got 0"),
        ("ray", {"cpus": "two"}, "cpus must be a number, got 'two'"),
        ("ray", {"gpus": -0.5}, "gpus must be at least 0, got -0.5"),
        ("ray", {"address": 6379}, "address must be a string, got 6379"),
    ],
)
def test_bad_launchers_are_refused(launcher, settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        read_launcher(launcher, settings)


def test_workers_are_as_many_as_the_cluster_holds():
    has = {"CPU": 8.0, "GPU": 1.0}
    assert RayConfig().count(has) == 8 and RayConfig(cpus=3).count(has) == 2
    assert RayConfig(cpus=1, gpus=0.25).count(has) == 4 and RayConfig(workers=3).count(has) == 3
    message = "workers must be at most what the cluster holds, 8 CPUs and 1 GPUs, got 9 of 1 CPUs and 0 GPUs each"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        RayConfig(workers=9).count(has)
    with pytest.raises(ValueError, match=r"got 1 of 1 CPUs and 2 GPUs each$"):
        RayConfig(gpus=2).count(has)


def test_a_missing_package_names_its_extra(monkeypatch):
    real = builtins.__import__

    def without_ray(name, *args, **kwargs):
        if name == "ray":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_ray)
    with pytest.raises(ImportError, match=r"^workers in .* need Ray: pip install 'wm-gym\[distributed\]'$"):
        started_ray()
