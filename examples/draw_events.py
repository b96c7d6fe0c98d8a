"""Contact sheets of the generated world under each event, beside the twin, and how far the two agree.

    python examples/draw_events.py outputs/events --json outputs/events/events.json
    python examples/draw_events.py outputs/events_before --by-model   # as the video model shows them by itself

In held-out places, grounded, one world for each event stands and pans slowly; one more has none. Four steps after the
opening each event is triggered in words that training never saw. The twin does the same. Kinds that show under the open
sky alone are left out indoors. One sheet for each kind.

JSON keys, means over the places, frames from the fourth step of the event on, for each KIND: `KIND_agreement`: cosine
of the change with the twin's, 1 if colours change alike in every place; `KIND_error`: mean absolute difference to the
twin's frames with that event, of 255, and `KIND_error_without` of the same frames without it; `KIND_change` and
`KIND_twin_change`: mean absolute change.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

from wm_gym.backends.registry import load_backend
from wm_gym.entities.drawing import EventDrawing
from wm_gym.evaluation.changes import agreement, mean_change, pool
from wm_gym.evaluation.pictures import contact_sheet, enlarge
from wm_gym.evaluation.preset import preset_hash
from wm_gym.events.kinds import KINDS
from wm_gym.geometry.motion import START_BODY_POSE
from wm_gym.progress import progress_bar
from wm_gym.scenes.places import find_place, open_world
from wm_gym.train_world.data.phrasebook import split_phrasings
from wm_gym.world.world import World

FAMILIES = ("city", "park", "courtyard", "rooms", "warehouse")
INDOORS = ("rooms", "warehouse")
OUTDOOR_KINDS = (
    "snowfall",
    "fireworks",
    "rain",
    "snow_cover",
    "golden_light",
    "autumn",
    "dawn",
    "lamps_on",
    "lamps_off",
)
FIRST_NUMBER = 1009
STEPS_BEFORE, STEPS_AFTER, SETTLING_STEPS, CHUNK_FRAMES = 4, 10, 4, 4
SHOWN_STEPS = (0, 1, 2, 3, 5, 7, 9)
PAN_RADIANS = 0.12
SEED = 0
Videos = dict[str, torch.Tensor]
"""Frames (T, H, W, 3) uint8 by row."""


def held_out_text(kind: str) -> str:
    """A phrasing of an event's start that training never saw."""
    return split_phrasings(kind, "start")[1][0]


def kinds_at(place: str) -> list[str]:
    """Events that can be seen there."""
    return [kind for kind in KINDS if place.split("/")[0] not in INDOORS or kind not in OUTDOOR_KINDS]


def record(world: World, place: str, rows: list[str]) -> Videos:
    """Frames (T, H, W, 3) of each row from the last step before its event on."""
    spec = world.model.spec
    opening = open_world(spec, find_place(place, 0, "full"))
    state, _ = world.start([opening] * len(rows), [SEED] * len(rows))
    count = CHUNK_FRAMES * (STEPS_BEFORE + STEPS_AFTER)
    path = np.tile(START_BODY_POSE, (len(rows), count, 1))
    path[..., 3] = PAN_RADIANS * np.sin(2 * np.pi * np.arange(1, count + 1) / count)
    for n, row in enumerate(rows):
        if row == "lamps_off":  # lamps go out where they burn
            state = state.schedule_event(n, "night falls")
    chunks = []
    for step in range(STEPS_BEFORE + STEPS_AFTER):
        if step == STEPS_BEFORE:
            for n, row in enumerate(rows):
                state = state.schedule_event(n, held_out_text(row)) if row in KINDS else state
        state, outcome = world.follow(state, path[:, CHUNK_FRAMES * step : CHUNK_FRAMES * (step + 1)])
        chunks.append(outcome.chunk.frames)
    frames = torch.cat(chunks[STEPS_BEFORE - 1 :], 1)
    return {row: frames[n] for n, row in enumerate(rows)}


def score(made: Videos, true: Videos) -> dict[str, float]:
    """The figures of one place."""
    settled = slice(CHUNK_FRAMES * (1 + SETTLING_STEPS), None)
    without, true_without = made["without"][settled], true["without"][settled]
    figures = {}
    for kind in (row for row in made if row != "without"):
        frames, event = made[kind][settled], true[kind][settled]
        figures[f"{kind}_agreement"] = agreement(frames, without, event, true_without)
        figures[f"{kind}_error"], figures[f"{kind}_error_without"] = (
            mean_change(frames, event),
            mean_change(without, true_without),
        )
        figures[f"{kind}_change"], figures[f"{kind}_twin_change"] = (
            mean_change(frames, without),
            mean_change(event, true_without),
        )
    return figures


def draw(path: Path, rows: list[tuple[str, torch.Tensor]]) -> None:
    """Write one sheet, whose columns are steps since the event was triggered."""
    chosen = [CHUNK_FRAMES * (step + 1) - 1 for step in SHOWN_STEPS]
    pictures = [(name, [enlarge(frames[k].numpy(), 2) for k in chosen]) for name, frames in rows]
    contact_sheet(pictures, [f"step {step}" for step in SHOWN_STEPS], margin=130).save(path)


def main() -> None:
    """Record, score, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for the sheets")
    parser.add_argument("--places", type=int, default=5, help="held-out places; families take turns")
    parser.add_argument("--by-model", action="store_true", help="draw nothing: what the video model shows by itself")
    parser.add_argument("--size", default="48x64", metavar="HxW")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    asked.folder.mkdir(parents=True, exist_ok=True)
    height, width = (int(number) for number in asked.size.split("x"))
    drawing = EventDrawing() if asked.by_model else None
    world = World(load_backend("video", height, width), drawing=drawing)
    twin = World(load_backend("twin", height, width))
    sheets, figures = defaultdict(list), defaultdict(list)
    for k in progress_bar(range(asked.places), desc="places"):
        place = f"{FAMILIES[k % len(FAMILIES)]}/{FIRST_NUMBER + 10 * k}"
        rows = ["without", *kinds_at(place)]
        made, true = record(world, place, rows), record(twin, place, rows)
        for name, value in score(made, true).items():
            figures[name].append(value)
        for kind in rows[1:] if k < len(FAMILIES) else []:
            shown = {"without": made["without"], "with": made[kind], "twin": true[kind]}
            sheets[kind] += [(f"{place} {name}", frames) for name, frames in shown.items()]
    for name, rows in sheets.items():
        draw(asked.folder / f"{name}.png", rows)
    flat = {"preset_hash": preset_hash(world)} | {name: pool(values) for name, values in sorted(figures.items())}
    print("\n".join(f"{name:36s}{value}" for name, value in flat.items()))
    if asked.json:
        asked.json.write_text(json.dumps(flat, indent=2) + "\n")
    for one in (world, twin):
        one.close()


if __name__ == "__main__":
    main()
