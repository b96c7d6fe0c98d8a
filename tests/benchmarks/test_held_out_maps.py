"""The starts in maps that nobody has captured."""

import json
from pathlib import Path

from wm_gym.scenes.families import FAMILIES
from wm_gym.scenes.named import shipped_scenes

STARTS = Path(__file__).parents[2] / "benchmarks" / "held_out_starts.jsonl"


def test_starts_are_in_sixty_maps_ten_of_each_family_none_of_which_ships():
    worlds = [json.loads(line)["world"] for line in STARTS.read_text().splitlines()]
    assert len(set(worlds)) == len(worlds) == 60 and not {*worlds} & {*shipped_scenes()}
    assert all(sum(world.startswith(f"{family}/") for world in worlds) == 10 for family in FAMILIES)
