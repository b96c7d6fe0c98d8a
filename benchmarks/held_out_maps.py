"""Success of policies at starts in maps that nobody has captured, in the twin.

    python benchmarks/held_out_maps.py [--policies NAME_OR_FOLDER ...] [--starts FILE] [--count 50] [--json PATH]
    python benchmarks/held_out_maps.py --choose FILE    # choose starts again

A policy is a folder of `wm-gym train-agent`, the name of a shipped one, or an agent such as "random". The starts of
`held_out_starts.jsonl` are in 60 maps, ten of each family, of which 50 are played; they are chosen so
that a walk straight to the goal arrives at half of them: where some of four starts fail, it is one of those.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.agents.episodes import Episode, Start, make_worlds, play
from wm_gym.agents.registry import AGENTS, make_agent
from wm_gym.agents.summary import success_interval
from wm_gym.evaluation.trust.evaluating import read_starts
from wm_gym.scenes.families import FAMILIES

STARTS = Path(__file__).with_name("held_out_starts.jsonl")
FIRST_MAP, MAPS, SEEDS, EASY = 201, 10, 4, 0.4
"""First number of a map, maps of each family, starts tried in each, and the share of maps that may have an easy one."""

_WORLDS = {"backend": "twin", "backend_settings": {"idle_processes": 4}, "max_episode_steps": 96, "finer": 1}


def main() -> None:
    """Choose starts, or play from them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--policies", nargs="*", default=["random", "goal_walker", "point_goal"])
    parser.add_argument("--starts", type=Path, default=STARTS)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--choose", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.choose:
        options.choose.write_text("".join(json.dumps(row) + "\n" for row in chosen()))
        return
    starts, told = read_starts(str(options.starts), options.count), {}
    for policy in options.policies:
        episodes = played(policy, starts)
        share = float(np.mean([one.is_success for one in episodes]))
        low, high = success_interval(sum(one.is_success for one in episodes), len(episodes))
        told[policy] = {"success": share, "low": low, "high": high, "spl": mean_of(episodes, "spl")}
        print(f"{policy}: success {share:.2f} ({low:.2f} to {high:.2f}), spl {told[policy]['spl']:.2f}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(told, indent=1))


def chosen() -> list[dict[str, Any]]:
    """One start in each map: where a walk straight to the goal does not arrive, but in the easiest maps."""
    places = [f"{family}/{FIRST_MAP + number}" for number in range(MAPS) for family in FAMILIES]
    starts = [Start(7000 + seed, place) for place in places for seed in range(SEEDS)]
    walks = np.array([one.is_success for one in played("goal_walker", starts)]).reshape(len(places), SEEDS)
    rng, order = np.random.default_rng(0), np.argsort(walks.mean(1), kind="stable")
    wanted = np.zeros(len(places), bool)
    wanted[order[round((1 - EASY) * len(places)) :]] = True  # maps that are easiest give the easy starts
    fitting = [np.flatnonzero(walks[k] == wanted[k]) for k in range(len(places))]
    picked = [int(rng.choice(seeds)) if len(seeds) else 0 for seeds in fitting]
    return [{"seed": 7000 + seed, "world": place} for place, seed in zip(places, picked, strict=True)]


def played(policy: str, starts: Sequence[Start]) -> list[Episode]:
    """Episodes of a policy from all starts."""
    is_agent = policy in AGENTS
    name, settings = (policy, {}) if is_agent else ("policy", {"path": policy, "sampled": True})
    size: Mapping[str, Any] = {"resolution": (36, 48)} if is_agent else {}
    env = make_worlds(name, settings, min(4, len(starts)), task="point_goal", **_WORLDS, **size)
    try:
        return play(make_agent(name, env, settings), starts)
    finally:
        env.close()


def mean_of(episodes: Sequence[Episode], measure: str) -> float:
    """Mean of a measure at the ends of episodes."""
    return float(np.mean([one.measures[measure] for one in episodes]))


if __name__ == "__main__":
    main()
