"""Plans as tensors and JSON-able rows, and back in another process."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm_gym.layout.plan import Block, Plan
from wm_gym.layout.sampling import Drawing
from wm_gym.world_model import Imagined, Packed

_DRAWN = ("cells", "objects", "words", "given")


def pack_plan(plan: Plan) -> Packed:
    """A plan, with the window that is being drawn."""
    places = sorted(plan.blocks)
    blocks = [plan.blocks[place] for place in places]
    tensors = {
        "cells": _stacked([block.cells for block in blocks]),
        "objects": _stacked([block.objects for block in blocks]),
    }
    drawing = plan.drawing
    if drawing is not None:
        tensors |= {
            f"drawing_{name}": torch.from_numpy(np.ascontiguousarray(getattr(drawing, name))) for name in _DRAWN
        }
    meta = {
        "place": asdict(plan.place),
        "family": plan.family,
        "offset": list(plan.offset),
        "places": [list(place) for place in places],
        "corner": list(plan.corner),
        "windows": plan.windows,
        "colours": [[name, list(colour)] for name, colour in plan.colours],
        "is_read": plan.is_read,
        "drawing": None if drawing is None else _row(drawing),
    }
    return Packed(tensors, meta)


def _stacked(arrays: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(arrays)) if arrays else torch.zeros(0, dtype=torch.uint8)


def _row(drawing: Drawing) -> dict[str, Any]:
    names = ("family", "seed", "rounds", "round", "unknown", "is_repaired", "first_round", "part")
    return {name: getattr(drawing, name) for name in names}


def unpack_plan(packed: Packed) -> Plan:
    """The plan that `pack_plan` was given."""
    meta, tensors = packed.meta, packed.tensors
    blocks = {
        (int(i), int(j)): Block(tensors["cells"][n].numpy(), tensors["objects"][n].numpy())
        for n, (i, j) in enumerate(meta["places"])
    }
    return Plan(
        Imagined(**meta["place"]),
        meta["family"],
        (meta["offset"][0], meta["offset"][1]),
        blocks,
        None if meta["drawing"] is None else _drawing(tensors, meta["drawing"]),
        (meta["corner"][0], meta["corner"][1]),
        meta["windows"],
        tuple((name, tuple(colour)) for name, colour in meta["colours"]),
        meta["is_read"],
    )


def _drawing(tensors: dict[str, Tensor], row: dict[str, Any]) -> Drawing:
    cells, objects, words, given = (tensors[f"drawing_{name}"].numpy() for name in _DRAWN)
    seed = tuple(row["seed"])
    counts = row["rounds"], row["round"], row["unknown"]
    stage = row["is_repaired"], row["first_round"], row.get("part", 0)
    return Drawing(cells, objects, row["family"], words, seed, *counts, given, *stage)
