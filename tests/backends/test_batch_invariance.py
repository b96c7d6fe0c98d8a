"""A world's bytes do not depend on its neighbours, on torch's settings or on the kernels that a processor has."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from batches import COUNTS, differing, openings_of, twists_of, world_of
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

SIZES = (36, 48), pytest.param((48, 64), marks=pytest.mark.slow)
INSTRUCTION_SETS = "AVX2", "AVX512_CORE", "AVX512_CORE_BF16"
"""Of oneDNN's kernels; what the processor offers beyond them is tested in this process."""

PRODUCTS = "mm", "mv", "dot", "matmul", "linear", "convolution", "encoder_layer"


class RecordProducts(TorchDispatchMode):
    """Counts the products that torch computes, by name and shapes."""

    def __init__(self):
        super().__init__()
        self.products = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function._schema.name.removeprefix("aten::")
        if any(product in name for product in PRODUCTS):
            self.products[name, tuple(tuple(arg.shape) for arg in args if isinstance(arg, Tensor))] += 1
        return function(*args, **(kwargs or {}))


@pytest.fixture(scope="module", params=SIZES, ids=["36x48", "48x64"])
def world(request):
    return world_of(request.param)


@pytest.fixture(scope="module")
def eight(world):
    openings = openings_of(world)
    state, _ = world.start(openings, range(len(openings)))
    world.step(state, twists_of(0, range(len(openings))))  # prompts are encoded once
    return state


def products_of(world, eight, numbers):
    state = world.select(eight, list(numbers))
    with RecordProducts() as recorder:
        world.step(state, twists_of(0, numbers))
    return recorder.products


def test_products_have_the_same_shapes_in_every_batch(world, eight):
    each = [products_of(world, eight, [n]) for n in range(8)]
    assert sum(each[0].values()) >= 30
    for count in range(2, 9):
        assert products_of(world, eight, range(count)) == sum(each[:count], Counter())


def test_a_world_in_a_batch_of_any_size_is_the_world_alone(world):
    assert differing(world, COUNTS) == []


@pytest.mark.slow
@pytest.mark.parametrize("instructions", INSTRUCTION_SETS)
def test_a_world_in_a_batch_is_the_world_alone_with_the_kernels_of_other_processors(instructions):
    assert_all_equal(instructions, "--counts", "3", "--threads", "2")


@pytest.mark.slow
@pytest.mark.parametrize("instructions", [*INSTRUCTION_SETS, "DEFAULT"])
def test_every_size_of_batch_number_type_and_number_of_threads_with_the_kernels_of_other_processors(instructions):
    assert_all_equal(instructions, "--dtypes", "float32", "bfloat16", "--threads", "1", "2", "--steps", "4")


def assert_all_equal(instructions, *arguments):
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": instructions}
    program = [sys.executable, str(Path(__file__).with_name("batches.py")), *arguments]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
