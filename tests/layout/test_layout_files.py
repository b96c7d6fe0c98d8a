"""Layout networks come back from files: matrices to a 254th of a row's largest weight, all else in bfloat16."""

import numpy as np
import torch
from tiny_layout import NO_OBJECTS_KNOWN, NOTHING_KNOWN, tiny_sampler

from wm_gym.layout.sampling import Sampler, begun
from wm_gym.layout.weights import load_layout, save_layout
from wm_gym.layout.words import WORD_NAMES


def test_matrices_come_back_to_half_a_step_of_their_rows(tmp_path):
    network = tiny_sampler().network
    save_layout(tmp_path / "layout.safetensors", network)
    again = load_layout(tmp_path / "layout.safetensors")
    for name, weight in network.state_dict().items():
        found = again.state_dict()[name]
        if weight.ndim == 2 and weight.is_floating_point():
            assert ((weight - found).abs() <= weight.abs().amax(1, keepdim=True) / 254 + 1e-7).all(), name
        else:
            assert torch.equal(found, weight.to(torch.bfloat16).to(weight.dtype)), name


def test_a_file_of_what_a_file_gave_gives_the_same(tmp_path):
    save_layout(tmp_path / "a.safetensors", tiny_sampler().network)
    once = load_layout(tmp_path / "a.safetensors")
    save_layout(tmp_path / "b.safetensors", once)
    twice = load_layout(tmp_path / "b.safetensors")
    words = np.zeros(len(WORD_NAMES), np.int64)
    first, second = (
        sampler.filled(begun(NOTHING_KNOWN, NO_OBJECTS_KNOWN, 1, words, (3,), sampler.config))
        for sampler in (Sampler(network, tiny_sampler().config) for network in (once, twice))
    )
    assert np.array_equal(first.cells, second.cells)
