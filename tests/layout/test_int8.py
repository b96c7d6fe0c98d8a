"""The layout network in int8 tells what it tells in float32, and its sums are exact."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_layout import tiny_network

from wm_gym.layout import int8_kernels as kernels
from wm_gym.layout.int8_network import Int8LayoutNetwork
from wm_gym.layout.network import ANY_FAMILY
from wm_gym.layout.weights import SHIPPED, load_layout
from wm_gym.layout.words import WORD_NAMES
from wm_gym.networks import int8
from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.train_world.layout.samples import draw_window

NO_WORDS = np.zeros(len(WORD_NAMES), np.int64)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=10)
def test_rows_come_back_to_half_a_step(seed):
    matrix = torch.randn(5, 40, generator=torch.Generator().manual_seed(seed)) * 100
    values, factors = int8.quantised(matrix)
    assert ((values * factors - matrix).abs() <= matrix.abs().amax(1, keepdim=True) / 254 + 1e-4).all()
    again, _ = int8.quantised(values * factors)
    assert torch.equal(again, values)


@pytest.mark.parametrize("has_kernel", [True, False])
def test_products_are_exact_with_a_kernel_of_int8_and_without(monkeypatch, has_kernel):
    if has_kernel and not int8._has_exact_kernel():
        pytest.skip("this processor has none")
    monkeypatch.setattr(int8, "_has_exact_kernel", lambda: has_kernel)
    generator = torch.Generator().manual_seed(0)
    a = torch.randint(-127, 128, (33, int8.MOST_PRODUCTS), generator=generator).to(torch.int8)
    a[0] = 127
    assert torch.equal(int8.product(a, a.t()).long(), a.long() @ a.long().t())


def test_weights_of_attention_are_those_of_a_softmax():
    rng = np.random.default_rng(0)
    scores, length = rng.integers(-9000, 9000, (7, 50)).astype(np.int32), 50
    factors = [np.full(7, 0.05, np.float32), np.full(length, 0.02, np.float32), rng.random(length).astype(np.float32)]
    weights, out = np.empty((2, 7, length), np.int8), np.empty(7, np.float32)
    kernels.attend(scores, *factors, weights, out)
    true = torch.from_numpy(scores * 0.001).softmax(-1).numpy() * factors[2]
    assert np.allclose((128.0 * weights[0] + weights[1]) * out[:, None], true, atol=1e-4)


@pytest.mark.parametrize("name", ["tiny", "shipped"])
def test_the_network_tells_what_it_tells_in_float32(name):
    network = tiny_network(depth=2) if name == "tiny" else load_layout(SHIPPED)
    window, asked = draw_window(np.random.default_rng(5), family=1), np.arange(0, 400, 7)
    given = (torch.from_numpy(one.astype(np.int64))[None] for one in (window.cells, window.objects))
    own = Int8LayoutNetwork(network)
    with torch.inference_mode():
        features = network(*given, torch.tensor([ANY_FAMILY]), torch.from_numpy(NO_WORDS)[None]).flatten(0, 2)[asked]
        true = network.leave(features).log_softmax(-1)
    tokens = own.begun(window.cells, window.objects, ANY_FAMILY, NO_WORDS)
    told = torch.from_numpy(own.leave(own.features(tokens, asked))).log_softmax(-1)
    assert float((true.exp() * (true - told)).sum(-1).mean()) < 0.02


def test_features_of_some_patches_are_those_of_all_at_these_patches():
    network, window = Int8LayoutNetwork(tiny_network(depth=2)), draw_window(np.random.default_rng(5), family=1)
    tokens = network.begun(window.cells, window.objects, 1, NO_WORDS)
    every = network.features(tokens, np.arange(400))
    some = network.features(network.advanced(tokens, 1), np.arange(3, 400, 50))
    assert torch.equal(some.values, every.values[3::50]) and np.array_equal(some.factors, every.factors[3::50])


def test_features_do_not_depend_on_the_number_of_threads():
    network, window = Int8LayoutNetwork(load_layout(SHIPPED)), draw_window(np.random.default_rng(6), family=1)
    told = []
    for threads in (1, 2):
        with own_arithmetic(threads):
            tokens = network.begun(window.cells, window.objects, 1, NO_WORDS)
            told.append(network.leave(network.features(tokens, np.arange(0, 400, 3))))
    assert np.array_equal(*told)
