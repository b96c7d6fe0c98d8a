"""Runs scenarios: up to its event a world is one, then it is forked, and both branches take the same actions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from wm_gym.evaluation.suites.scenario import Scenario
from wm_gym.events.timing import Clock
from wm_gym.scenes.named import open_named
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World

WITH, WITHOUT = 0, 1
"""Rows of the branches."""


@dataclass(frozen=True)
class Branches:
    """The last frame of each step after the event was triggered, S steps, in both branches.

    Attributes:
        frames: (2, S, H, W, 3) uint8.
        depth: (2, S, H, W) float32 metres.
        world_from_camera: (2, S, 4, 4).
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        before: (H, W, 3) uint8, the last frame before.
        alone: Whether the branch without the event equals, to the byte, a world that was never forked.
    """

    frames: Tensor
    depth: Tensor
    world_from_camera: Tensor
    intrinsics: Tensor
    before: Tensor
    alone: bool

    @property
    def num_steps(self) -> int:
        """S."""
        return self.frames.shape[1]


def run_scenario(world: World, scenario: Scenario) -> Branches:
    """Both branches of one scenario.

    Raises:
        ValueError: If the world cannot be opened.
    """
    opening = open_named(world.model.spec, scenario.world, scenario.seed, "full")
    state, outcome = world.start([opening], [scenario.seed])
    for text in scenario.context:
        state = state.schedule_event(0, text)
    for step in range(scenario.at):
        state, outcome = world.step(state, _twists(world, scenario, step, 1))
    before, lone = outcome.chunk.frames[0, -1].clone(), state
    state = world.select(state, [0, 0])
    state = state.schedule_event(WITH, scenario.text, clock=world.spec.clock)
    outcomes, is_alone = [], True
    for step in range(scenario.at, scenario.steps):
        if step == scenario.until:
            state = _ended(state, scenario, world.spec.clock)
        state, outcome = world.step(state, _twists(world, scenario, step, 2))
        lone, one = world.step(lone, _twists(world, scenario, step, 1))
        is_alone &= torch.equal(one.chunk.frames[0], outcome.chunk.frames[WITHOUT])
        outcomes.append(outcome)
    return _branches(outcomes, before, is_alone)


def _twists(world: World, scenario: Scenario, step: int, num_worlds: int) -> np.ndarray:
    return np.tile(scenario.twist(step), (num_worlds, world.spec.frames_per_step, 1))


def _ended(state: WorldState, scenario: Scenario, clock: Clock) -> WorldState:
    """The state in which the event ends: by the opposite text, or of itself."""
    if scenario.end_text:
        return state.schedule_event(WITH, scenario.end_text, clock=clock)
    script = state.scripts[WITH]
    last = script.events[-1]
    if last.stop_frame is not None:  # its text says how long it lasts
        return state
    events = (*script.events[:-1], replace(last, stop_frame=state.frame_index[WITH]))
    return state.with_script(WITH, replace(script, events=events))


def _branches(outcomes: list[Outcome], before: Tensor, is_alone: bool) -> Branches:
    chunks = [outcome.chunk for outcome in outcomes]
    last = {
        name: torch.stack([getattr(chunk, name)[:, -1] for chunk in chunks], 1)
        for name in ("frames", "depth", "world_from_camera")
    }
    return Branches(**last, intrinsics=outcomes[0].intrinsics[0], before=before, alone=is_alone)
