"""Tiles that the tile network draws beside those of the twin's places that it never saw.

    python benchmarks/tiles.py [--places 40] [--sheet PATH] [--json PATH]

Fréchet distances of EfficientNet-Lite0's features, in axes fitted on the tiles of held-out places, over all kinds and
by kind of tile: of imagined tiles; of the tiles of other places, which is how far true ones are apart; and of those of
other kinds, which is what a network that cannot tell kinds would reach.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from wm_gym.evaluation.generation.features import LiteFeatures
from wm_gym.evaluation.generation.frechet import Axes
from wm_gym.layout.tile_network import TileNetwork
from wm_gym.layout.tile_weights import SHIPPED, load_tiles
from wm_gym.layout.tiles import NAMES
from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.progress import progress_bar
from wm_gym.train_world.tiles.album import TileSet, read_album

HELD_OUT, OTHERS = 10_000, 20_000
"""First seeds of places that no tile network is trained on."""

_AXES, _SHOWN, _GREY = 32, 12, 0.5


def imagined(network: TileNetwork, like: TileSet, seed: int) -> torch.Tensor:
    """As many tiles of each kind, in colours of the network's own."""
    generator = torch.Generator().manual_seed(seed)
    banks = network.colours[like.kind]
    rows = torch.randint(banks.shape[1], (len(banks),), generator=generator)
    return network.draw(like.kind, banks[torch.arange(len(banks)), rows], generator)


def pictures(tiles: torch.Tensor) -> np.ndarray:
    """(M, TILE, TILE, 3) uint8 of tiles (M, 4, TILE, TILE), cut-outs on grey."""
    shown = tiles[:, :3] + _GREY * (1 - tiles[:, 3:])
    return (255 * shown).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()


def distances(network: TileNetwork, places: int) -> tuple[dict[str, float], dict[str, list[float]], np.ndarray]:
    """All tiles together, each kind, and a sheet: imagined ones under the twin's."""
    features, true = LiteFeatures.load(), read_album(HELD_OUT, places)
    sets = {"imagined": imagined(network, true, 0), "others": read_album(OTHERS, places).tiles}
    shown = {name: pictures(tiles) for name, tiles in {"true": true.tiles, **sets}.items()}
    vectors = {name: features(one) for name, one in progress_bar(list(shown.items()), desc="features")}
    axes = Axes.fit(vectors["true"], _AXES)
    order = np.random.default_rng(0).permutation(len(true.kind))
    kinds = true.kind.numpy()
    every = {name: axes.distance(vectors[name], vectors["true"]) for name in sets}
    every["one kind for another"] = float(
        np.mean([axes.distance(vectors["true"][kinds[order] == k], vectors["true"][kinds == k]) for k in set(kinds)])
    )
    by_kind = {
        NAMES[k]: [axes.distance(vectors[name][kinds == k], vectors["true"][kinds == k]) for name in sets]
        for k in sorted(set(kinds.tolist()))
    }
    rows = [np.concatenate(list(shown[name][kinds == k][:_SHOWN]), 1) for k in sorted(set(kinds.tolist()))
            for name in ("true", "imagined")]  # fmt: skip
    return every, by_kind, np.concatenate(rows)


def main() -> None:
    """Prints and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    parser.add_argument("--places", type=int, default=40)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with own_arithmetic():
        every, by_kind, sheet = distances(load_tiles(asked.weights), asked.places)
    further = sorted((made - other, name) for name, (made, other) in by_kind.items())
    worst = {name: round(value, 2) for value, name in further[::-1][:8]}
    figures = {"all": every, "by kind (imagined, others)": by_kind, "farthest, less true ones": worst}
    print(json.dumps(figures, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))
    if asked.sheet:
        Image.fromarray(sheet).save(asked.sheet)


if __name__ == "__main__":
    main()
