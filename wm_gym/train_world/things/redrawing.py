"""Crops of the people that a thing network knows, drawn by itself: `python -m wm_gym.train_world.things.redrawing`.

A network that is trained on and is to draw more kinds keeps its people by them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.entities.network import ThingConfig, ThingNetwork
from wm_gym.entities.weights import FORMAT
from wm_gym.files.atomic import write_atomically
from wm_gym.networks.weights_file import read_weights

_FIRST_LOOK, _BATCH, _PHASES = 10_000_000, 64, 16


def redraw(path: Path, folder: Path, crops_each: int, seed: int = 0) -> Path:
    """Draw crops of each person of a network's bank from random sides into a folder of `film-things`; returns the file.

    Args:
        path: Weights of a thing network whose bank begins with people.
        folder: Where the file goes.
        crops_each: Crops of each person.
        seed: Of sides and phases.

    Raises:
        ValueError: If the file is none.
        RuntimeError: If the disk cannot take it.
    """
    header, tensors = read_weights(path, FORMAT)
    network = ThingNetwork(ThingConfig(**header["config"]), None, tuple(header["kinds"]))
    own = network.state_dict()
    network.load_state_dict({n: own[n] if n in ("bank", "colours") else tensors[n].float() for n in own})
    rng, bank = np.random.default_rng(seed), tensors["bank"].float()
    look = np.repeat(np.arange(len(bank)), crops_each)
    angle, phase = rng.uniform(0.0, 2 * np.pi, len(look)), rng.integers(0, _PHASES, len(look)) / _PHASES
    rows = np.arange(len(look))
    parts = [rows[k : k + _BATCH] for k in range(0, len(rows), _BATCH)]
    rgba = np.concatenate([_drawn(network, bank[look[part]], angle[part], phase[part]) for part in parts])
    arrays = {"rgba": rgba, "kind": 0 * look, "angle": angle, "phase": phase, "look": _FIRST_LOOK + look}
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "place-redrawn.npz"
    write_atomically(made, lambda file: np.savez(file, **arrays))
    return made


def _drawn(
    network: ThingNetwork, looks: Tensor, angle: NDArray[np.float64], phase: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """(N, 48, 32, 4) people, their colours not multiplied by alpha."""
    numbers = [torch.from_numpy(values).float() for values in (angle, phase)]
    with torch.inference_mode():
        made = network(looks, torch.zeros(len(looks), dtype=torch.long), *numbers).clamp(0, 1)
    crops = made.permute(0, 2, 3, 1).numpy().copy()
    crops[..., :3] /= np.maximum(crops[..., 3:], 1e-3)
    return (255 * crops.clip(0, 1)).round().astype(np.uint8)


def main() -> None:
    """Draw and say where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--crops-each", type=int, default=8)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(redraw(asked.weights, asked.output, asked.crops_each))


if __name__ == "__main__":
    main()
