"""Contact sheets of the generated world with and without each event, triggered in words that training never saw.

    python examples/draw_events.py outputs/events --json outputs/events/events.json

In held-out places, grounded, eight worlds with one seed stand and pan slowly at the same poses. Four steps after the
opening an event is triggered in each of six of them; one gets an unrelated sentence in its prompt, and one nothing. A
ninth has another seed, which shows the change by chance alone. The twin does the same. `World` parses the event's text
and gives the model a fixed phrase; in a second run the user's own words stand in the prompt ("own words"), so that the
network itself encodes words that training never saw. Snow and fireworks are triggered outdoors only. One sheet for each
event and one for the unrelated sentence.

JSON keys, means over the places, frames from the fifth step of the event on. For KIND among the six events,
`unrelated` and `other_seed`: `KIND_change`: mean absolute difference to the world without, of 255;
`KIND_changed_share`: share of pixels that differ by more than 24 of 255. For the events also `KIND_twin_change`;
`KIND_agreement`: cosine similarity of the change with the twin's, 1 if colours change alike in every place;
`KIND_gain_db`: gain in PSNR to the twin's frames with that event; and all of them as `KIND_own_words_...`.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

from wm_gym.backends.registry import load_backend
from wm_gym.evaluation.changes import agreement, changed_share, gain_db, mean_change, pool
from wm_gym.evaluation.overrides import ConditionOverride, reword
from wm_gym.evaluation.pictures import contact_sheet, enlarge
from wm_gym.evaluation.preset import preset_hash
from wm_gym.events.kinds import KINDS
from wm_gym.events.language import phrasings
from wm_gym.geometry.motion import START_BODY_POSE
from wm_gym.progress import progress_bar
from wm_gym.scenes.places import find_place, open_world
from wm_gym.train_world.data.phrasebook import split_phrasings
from wm_gym.world.state import WorldState
from wm_gym.world.world import World

PLACES = ("city/1019", "park/1039", "courtyard/1029", "rooms/1009", "warehouse/1049")
INDOORS = ("rooms", "warehouse")
OUTDOOR_KINDS = ("snowfall", "fireworks")
UNRELATED = "The bakery on the corner sells bread on Mondays."
OTHERS = ("without", "unrelated", "other_seed")
STEPS_BEFORE, STEPS_AFTER, SETTLING_STEPS, CHUNK_FRAMES = 4, 12, 4, 4
SHOWN_STEPS = (0, 1, 2, 3, 5, 7, 9, 12)
PAN_RADIANS = 0.12
SEED = 0  # that of the capture, so that the same people stand in its first keyframe
Videos = dict[str, torch.Tensor]
"""Frames (T, H, W, 3) uint8 by row."""


def held_out_text(kind: str) -> str:
    """A phrasing of an event's start that training never saw."""
    return split_phrasings(kind, "start")[1][0]


def sentence(text: str) -> str:
    """A phrase as a sentence of a prompt."""
    return f"{text[0].upper()}{text[1:]}."


def kinds_at(place: str) -> list[str]:
    """Events that can be seen there."""
    return [kind for kind in KINDS if place.split("/")[0] not in INDOORS or kind not in OUTDOOR_KINDS]


def trigger(state: WorldState, rows: list[str]) -> WorldState:
    """The state with each row's event triggered, or with the unrelated sentence in its prompt."""
    for n, row in enumerate(rows):
        if row in KINDS:
            state = state.schedule_event(n, held_out_text(row))
        elif row == "unrelated":
            openings = list(state.openings)
            openings[n] = replace(openings[n], prompt=f"{openings[n].prompt} {UNRELATED}")
            state = replace(state, openings=tuple(openings))
    return state


def record(world: World, place: str, rows: list[str]) -> Videos:
    """Frames (T, H, W, 3) of each row from the last step before the event on."""
    found, spec = find_place(place, 0, "full"), world.model.spec
    opening = open_world(spec, found)
    state, _ = world.start([opening] * len(rows), [SEED + (row == "other_seed") for row in rows])
    count = CHUNK_FRAMES * (STEPS_BEFORE + STEPS_AFTER)
    path = np.tile(START_BODY_POSE, (len(rows), count, 1))
    path[..., 3] = PAN_RADIANS * np.sin(2 * np.pi * np.arange(1, count + 1) / count)
    chunks = []
    for step in range(STEPS_BEFORE + STEPS_AFTER):
        state = trigger(state, rows) if step == STEPS_BEFORE else state
        state, outcome = world.follow(state, path[:, CHUNK_FRAMES * step : CHUNK_FRAMES * (step + 1)])
        chunks.append(outcome.chunk.frames)
    frames = torch.cat(chunks[STEPS_BEFORE - 1 :], 1)
    return {row: frames[n] for n, row in enumerate(rows)}


def own_words(world: World) -> World:
    """The same world with the user's own words in its prompts."""
    words = {sentence(phrasings(kind, "ongoing")[0]): sentence(held_out_text(kind)) for kind in KINDS}
    return World(ConditionOverride(world.model, reword(words)), world.config)


def score(made: Videos, own: Videos, true: Videos) -> dict[str, float]:
    """The figures of one place."""
    settled = slice(CHUNK_FRAMES * (1 + SETTLING_STEPS), None)
    without, true_without = made["without"][settled], true["without"][settled]
    figures = {}
    named = {row: made[row] for row in made if row != "without"} | {f"{row}_own_words": own[row] for row in own}
    for name, all_frames in named.items():
        frames, kind = all_frames[settled], name.removesuffix("_own_words")
        figures[f"{name}_change"] = mean_change(frames, without)
        figures[f"{name}_changed_share"] = changed_share(frames, without)
        if kind in KINDS:
            event = true[kind][settled]
            figures[f"{name}_agreement"] = agreement(frames, without, event, true_without)
            figures[f"{name}_gain_db"] = gain_db(frames, without, event)
            figures[f"{kind}_twin_change"] = mean_change(event, true_without)
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
    parser.add_argument("--weights", help="of the video model; without, those that are shipped")
    parser.add_argument("--size", default="48x64", metavar="HxW")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    asked.folder.mkdir(parents=True, exist_ok=True)
    height, width = (int(number) for number in asked.size.split("x"))
    settings = {"weights": asked.weights} if asked.weights else {}
    world, twin = World(load_backend("video", height, width, **settings)), World(load_backend("twin", height, width))
    sheets, figures = defaultdict(list), defaultdict(list)
    for place in progress_bar(PLACES, desc="places"):
        kinds, family = kinds_at(place), place.split("/")[0]
        made, own = record(world, place, [*OTHERS, *kinds]), record(own_words(world), place, kinds)
        true = record(twin, place, ["without", *kinds])
        for name, value in score(made, own, true).items():
            figures[name].append(value)
        for kind in kinds:
            rows = {"without": made["without"], "with": made[kind], "own words": own[kind], "twin": true[kind]}
            sheets[kind] += [(f"{family} {name}", frames) for name, frames in rows.items()]
        sheets["unrelated"] += [(f"{family} {name}", made[name]) for name in OTHERS]
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
