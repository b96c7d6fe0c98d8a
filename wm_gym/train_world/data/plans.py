"""The plan of each clip of a dataset: scene, policy, controller and events, from the seed and its number alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wm_gym.events.kinds import KINDS
from wm_gym.events.scripts import EventScript
from wm_gym.train_world.data.phrasebook import split_phrasings
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.splits import SPLITS, Split, nth_seed
from wm_gym.train_world.policies.controllers import CONTROLLER_SHARES
from wm_gym.train_world.policies.policy import SHARES, WATCHING_SHARES
from wm_gym.world_model import Place

_PLACES_PER_SEED = 1_000_000
_FALL_STEPS = 4
_ALTERNATIVES_STREAM = 3


@dataclass(frozen=True)
class ClipPlan:
    """One clip to be recorded.

    Attributes:
        place: Scene.
        seed: Seed of the world and of all choices.
        policy: A row of `policies.POLICIES`.
        controller: A name in `policies.CONTROLLERS`.
        script: Events, with their frames.
    """

    place: Place
    seed: int
    policy: str
    controller: str
    script: EventScript


def plan_clip(
    index: int,
    seed: int,
    split: Split,
    steps: int,
    spec: RecordingSpec,
    families: Sequence[str],
    difficulties: Mapping[str, float],
    event_share: float = 0.2,
    event_kinds: Sequence[str] = tuple(KINDS),
    events_each: int = 1,
    policy: str = "",
) -> ClipPlan:
    """The plan of clip `index`.

    Args:
        index: Number of the clip; each has its own map, families take turns.
        seed: Seed of the dataset; datasets of different seeds share no map.
        split: Split of the maps.
        steps: Steps of a clip.
        spec: What will record the clip.
        families: Families of maps.
        difficulties: Share of each difficulty.
        event_share: Share of clips in which events happen.
        event_kinds: Kinds of these events.
        events_each: Events in such a clip, one after another, each in an equal part of the clip.
        policy: A row of `policies.POLICIES`, which a smooth stick follows; empty for one by its share, and any
            controller.
    """
    rng = np.random.default_rng([seed, SPLITS.index(split), index])
    number = nth_seed(split, seed * _PLACES_PER_SEED + index // len(families))
    place = Place(families[index % len(families)], number, _draw(difficulties, rng))
    world_seed = int(rng.integers(2**31))
    kind = _event_kind(index, seed, split, event_share, event_kinds)
    is_watched = kind is not None and not KINDS[kind].is_global
    drawn, controller = _draw(WATCHING_SHARES if is_watched else SHARES, rng), _draw(CONTROLLER_SHARES, rng)
    script = EventScript(world_seed)
    if kind is not None and steps >= 2 * events_each:
        kinds = [kind, *(str(rng.choice(list(event_kinds))) for _ in range(events_each - 1))]
        script = _script(script, kinds, steps // events_each, spec, rng)
    moved = (policy, "smooth") if policy else (drawn, controller)
    return ClipPlan(place, world_seed, *moved, script)


def plan_alternative(
    plan: ClipPlan, number: int, steps: int, spec: RecordingSpec, event_kinds: Sequence[str], events_each: int = 1
) -> ClipPlan:
    """The same clip with events of its own.

    Args:
        plan: The clip.
        number: Number of the alternative, from 1.
        steps: Steps of a clip, at least two for each event.
        spec: What will record the clip.
        event_kinds: Kinds of its events.
        events_each: Its events, one after another.
    """
    rng = np.random.default_rng([plan.seed, _ALTERNATIVES_STREAM, number])
    kinds = [str(rng.choice(list(event_kinds))) for _ in range(events_each)]
    return replace(plan, script=_script(EventScript(plan.seed), kinds, steps // events_each, spec, rng))


def _event_kind(index: int, seed: int, split: Split, share: float, kinds: Sequence[str]) -> str | None:
    """The kind of the first event in clip `index`, or None. In every block of clips each kind happens once."""
    if not share:
        return None
    size = max(len(kinds), round(len(kinds) / share))
    block = np.random.default_rng([seed, SPLITS.index(split), index // size, size])
    place = int(block.permutation(size)[index % size])
    return kinds[place] if place < len(kinds) else None


def _script(
    script: EventScript, kinds: Sequence[str], steps: int, spec: RecordingSpec, rng: np.random.Generator
) -> EventScript:
    """Events of these kinds, one after another, `steps` steps for each."""
    for part, kind in enumerate(kinds):
        fall = _FALL_STEPS if len(kinds) == 1 else -(-KINDS[kind].ramp_frames // spec.frames_per_step)
        start, length = _when(steps, fall, rng)
        starts = split_phrasings(kind, "start")[0]
        text = starts[int(rng.integers(len(starts)))]
        script = script.schedule(text, spec.num_frames(part * steps + start), spec.frames_per_step * length)
    return script


def _when(steps: int, fall: int, rng: np.random.Generator) -> tuple[int, int]:
    """First step and number of steps of an event that starts and stops inside `steps`, and takes `fall` to be gone."""
    start = int(rng.integers(max(1, steps // 12), max(2, steps // 3)))
    last = max(start + 1, steps - fall)
    shortest = min(5, last - start)
    return start, int(rng.integers(shortest, max(shortest, min(last - start, steps // 2)) + 1))


def _draw(shares: Mapping[str, float], rng: np.random.Generator) -> str:
    weights = np.array(list(shares.values()), np.float64)
    return str(rng.choice(list(shares), p=weights / weights.sum()))
