"""A layout network, tiles and a reader so small that they imagine at once, with random weights."""

from functools import cache

import numpy as np
import torch

from wm_gym.layout.cells import UNKNOWN, UNSURE
from wm_gym.layout.dictionary import commonest_patches
from wm_gym.layout.imagination import Imagination
from wm_gym.layout.network import LayoutConfig, LayoutNetwork
from wm_gym.layout.reading import PlanReader, ReaderConfig
from wm_gym.layout.sampling import Sampler, SamplingConfig
from wm_gym.layout.tile_network import TileConfig, TileNetwork
from wm_gym.layout.windows import WINDOW
from wm_gym.train_world.layout.samples import draw_window

NOTHING_KNOWN = np.full((WINDOW, WINDOW), UNKNOWN, np.uint8)
NO_OBJECTS_KNOWN = np.full((WINDOW // 4, WINDOW // 4), UNSURE, np.uint8)


@cache
def tiny_sampler() -> Sampler:
    """Draws a window in two rounds."""
    return Sampler(tiny_network(), SamplingConfig(most_rounds=2, least_rounds=1, object_rounds=1))


def deep_sampler() -> Sampler:
    """Draws a window in rounds of two parts."""
    return Sampler(tiny_network(depth=4), tiny_sampler().config)


@cache
def tiny_network(depth: int = 1) -> LayoutNetwork:
    """Random weights."""
    torch.manual_seed(0)
    network = LayoutNetwork(LayoutConfig(codes=48, width=16, depth=depth, head_width=8, cell_width=4))
    for name, weight in network.named_parameters():
        if name.endswith(("tell.weight", "out.weight", "down.weight")):
            torch.nn.init.normal_(weight, std=0.3)
    rng = np.random.default_rng(0)
    patches = commonest_patches([draw_window(rng, family=1).cells for _ in range(6)], 48)
    network.dictionary.copy_(torch.from_numpy(patches))
    return network


@cache
def tiny_tiles() -> TileNetwork:
    """Draws tiles of noise."""
    torch.manual_seed(0)
    return TileNetwork(TileConfig(width=4, latent=4, slots=3, colours=2)).eval()


@cache
def tiny_imagination() -> Imagination:
    """Imagines places that make no sense, fast."""
    torch.manual_seed(0)
    return Imagination(tiny_sampler(), tiny_tiles(), PlanReader(ReaderConfig(width=4, spreads=(1,))).eval())
