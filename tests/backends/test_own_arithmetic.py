"""What a caller has set in torch neither reaches a world nor is lost."""

import os
import signal
import time

import pytest
import torch
from batches import openings_of, walk, world_of

from wm_gym.networks.arithmetic import in_own_arithmetic, own_arithmetic


def of_two_threads():
    torch.set_num_threads(2)


def of_float64():
    torch.set_default_dtype(torch.float64)


def on_another_device():
    torch.set_default_device("meta")


def in_autocast():
    torch.set_autocast_enabled("cpu", True)


def in_low_precision():
    torch.set_float32_matmul_precision("medium")


def in_low_precision_on_cuda():
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.conv.fp32_precision = "tf32"
    torch.backends.cudnn.benchmark = True


def without_onednn():
    torch.backends.mkldnn.enabled = False


def without_subnormal_numbers():
    torch.set_flush_denormal(True)


def with_deterministic_algorithms():
    torch.use_deterministic_algorithms(True)


SETTINGS = (
    of_two_threads, of_float64, on_another_device, in_autocast, in_low_precision, in_low_precision_on_cuda,
    without_onednn, without_subnormal_numbers, with_deterministic_algorithms,
)  # fmt: skip


def settings():
    """All that a caller may have set."""
    return {
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "precision": torch.get_float32_matmul_precision(),
        "products": torch.backends.mkldnn.matmul.fp32_precision,
        "cuda": (torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision),
        "benchmark": torch.backends.cudnn.benchmark,
        "onednn": torch.backends.mkldnn.enabled,
        "subnormal": 1e-310 / 2 > 0,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


@pytest.fixture
def _restored():
    yield
    torch.set_num_threads(1)
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)
    torch.set_autocast_enabled("cpu", False)
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.benchmark = False
    torch.backends.mkldnn.enabled = True
    torch.set_flush_denormal(False)
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="module")
def world():
    return world_of((36, 48))


@pytest.fixture(scope="module")
def openings(world):
    return openings_of(world)


@pytest.fixture(scope="module")
def shown(world, openings):
    return walk(world, openings, [0, 1])


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("change", SETTINGS, ids=lambda change: change.__name__)
def test_a_world_is_the_same_whatever_the_caller_has_set(world, openings, shown, change):
    change()
    before = settings()
    assert walk(world, openings, [0, 1]) == shown
    assert settings() == before


@pytest.mark.usefixtures("_restored")
def test_settings_come_back_after_an_error():
    for change in SETTINGS:
        change()
    before = settings()
    with pytest.raises(ValueError, match="stop"), own_arithmetic(threads=2):
        raise ValueError("stop")
    assert settings() == before


@pytest.mark.usefixtures("_restored")
def test_products_are_exact_on_cuda_too():
    in_low_precision_on_cuda()
    with own_arithmetic():
        assert torch.backends.cuda.matmul.fp32_precision == torch.backends.cudnn.conv.fp32_precision == "ieee"
        assert torch.backends.cudnn.deterministic and not torch.backends.cudnn.benchmark


@pytest.mark.usefixtures("_restored")
def test_a_function_computes_in_arithmetic_of_its_own():
    of_float64()
    assert in_own_arithmetic(lambda: torch.zeros(()))().dtype == torch.float32
    assert torch.zeros(()).dtype == torch.float64


@pytest.mark.usefixtures("_restored")
def test_a_forked_child_does_not_wait_for_threads_of_its_parent():
    torch.set_num_threads(2)
    large = torch.randn(600, 600)
    large @ large  # torch now has threads
    child = os.fork()
    if child == 0:
        large @ large
        large.exp()
        os._exit(0)
    assert waited_for(child, seconds=30) == 0


def waited_for(child, seconds):
    """Exit status of a process; one that hangs is ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "it hangs"
