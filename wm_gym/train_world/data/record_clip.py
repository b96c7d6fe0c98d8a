"""Records one clip in the twin: a scripted policy moves the body, walls stop it, the script's events happen.

The twin is stepped without `World`: hints are rendered when the clip is prepared for training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from wm_gym.backends.twin.counterfactuals import pair
from wm_gym.backends.twin.model import TwinModel, open_place
from wm_gym.events.kinds import appearance_of
from wm_gym.geometry.motion import START_BODY_POSE, Body, camera_pose, walk
from wm_gym.train_world.data.captions import step_prompts, write_captions
from wm_gym.train_world.data.plans import ClipPlan
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import EVENT_KINDS, Clip
from wm_gym.train_world.policies.ground import Ground
from wm_gym.train_world.policies.policy import ScriptedPolicy
from wm_gym.world.movement import keys_of
from wm_gym.world_model import Chunk, Condition, Opening

_WORDS_STREAM = 2


def open_simulator(height: int, width: int, steps: int) -> TwinModel:
    """A twin for clips of so many steps; it never saves its engine, since no clip is stepped back into."""
    return TwinModel.create(height, width, max_processes=1, save_every_steps=steps + 1)


def record_clip(model: TwinModel, plan: ClipPlan, steps: int) -> Clip:
    """The clip of a plan. Equal plans give equal clips.

    Args:
        model: From `open_simulator`.
        plan: Plan of the clip.
        steps: S.

    Raises:
        EngineError: If the engine process died.
    """
    return record_alternatives(model, [plan], steps)[0]


def record_alternatives(model: TwinModel, plans: Sequence[ClipPlan], steps: int) -> list[Clip]:
    """The clips of plans that differ in their events alone, from one pass of the engine.

    Args:
        model: From `open_simulator`.
        plans: At least one; with several, their events are no actors of the engine.
        steps: S.

    Raises:
        ValueError: If there are several plans and an event is an actor of the engine.
        EngineError: If the engine process died.
    """
    plan, *others = plans
    spec = RecordingSpec.of(model.spec)
    opening = open_place(plan.place, spec.height, spec.width)
    state, chunk = model.start([opening], [plan.seed])
    paired, chunks = pair(state, len(others)), [[chunk] for _ in plans]
    body_poses, twists = [START_BODY_POSE[None]], []
    body, obstacles = Body(), model.obstacles(state, 0)

    def blocked(positions: np.ndarray) -> np.ndarray:
        return obstacles.blocked(positions, body.radius_metres)

    ground = Ground.survey(opening.waypoints.numpy(), blocked)
    policy = ScriptedPolicy(
        plan.policy, ground, plan.seed, num_steps=steps, frames_per_step=spec.frames_per_step,
        controller=plan.controller, body=body,
    )  # fmt: skip
    collided = False
    for step in range(steps):
        here = body_poses[-1][-1]
        twists.append(policy.act(here, collided))
        held = np.tile(twists[-1].astype(np.float64), (spec.frames_per_step, 1))
        body_poses.append(walk(here, held, body, blocked))
        collided = bool((body_poses[-1] != walk(here, held, body)).any())
        sets = [[one.script.active(spec.num_frames(step), spec.frames_per_step)] for one in others]
        condition = _condition(plan, opening, body_poses[-1], spec, step)
        paired, chunk, alternatives = model.step_with(paired, condition, sets)
        for told, one in zip(chunks, (chunk, *alternatives), strict=True):
            told.append(one)
    walked, held_twists = np.concatenate(body_poses), np.array(twists)
    return [
        _clip(one, opening, _ClipFrames(told, walked, held_twists), spec)
        for one, told in zip(plans, chunks, strict=True)
    ]


@dataclass(frozen=True)
class _ClipFrames:
    """Chunks (S + 1), body poses (T, 5) and twists (S, 4) of a clip."""

    chunks: list[Chunk]
    body_poses: np.ndarray
    twists: np.ndarray


def _condition(plan: ClipPlan, opening: Opening, body_poses: np.ndarray, spec: RecordingSpec, step: int) -> Condition:
    frame = spec.num_frames(step)
    return Condition(
        world_from_camera=torch.from_numpy(camera_pose(body_poses)).float()[None],
        intrinsics=opening.intrinsics[None],
        keys=torch.zeros(1, spec.frames_per_step, 8, dtype=torch.bool),
        prompts=[[""] * spec.latents_per_step],
        events=[plan.script.active(frame, spec.frames_per_step)],
        seeds=[plan.seed],
        frame_index=[frame],
    )


def _clip(plan: ClipPlan, opening: Opening, shot: _ClipFrames, spec: RecordingSpec) -> Clip:
    rng = np.random.default_rng([plan.seed, _WORDS_STREAM])
    steps, num_frames = len(shot.twists), len(shot.body_poses)
    active = [plan.script.active(spec.num_frames(step), spec.frames_per_step) for step in range(steps)]
    return Clip(
        spec=spec,
        frames=np.concatenate([chunk.frames[0].numpy() for chunk in shot.chunks]),
        depth=np.concatenate([_array(chunk.depth) for chunk in shot.chunks]).astype(np.float16),
        moving=np.concatenate([_array(chunk.moving) for chunk in shot.chunks]),
        world_from_camera=camera_pose(shot.body_poses).astype(np.float32),
        body_poses=shot.body_poses,
        intrinsics=opening.intrinsics.numpy().astype(np.float32),
        keys=keys_of(shot.twists),
        twists=shot.twists,
        event_strengths=_strengths(plan, num_frames),
        event_masks=_event_masks(shot.chunks, spec),
        appearance=np.array([appearance_of(events) for events in active], np.int32),
        prompts=step_prompts(opening.prompt, plan.script, steps, spec, rng),
        captions=write_captions(opening.prompt, plan.policy, shot.twists, plan.script, _movers(shot.chunks), spec, rng),
        place=plan.place,
        seed=plan.seed,
        policy=plan.policy,
        controller=plan.controller,
        events=plan.script.events,
    )


def _array(tensor: torch.Tensor | None) -> np.ndarray:
    assert tensor is not None
    return tensor[0].numpy()


def _strengths(plan: ClipPlan, num_frames: int) -> np.ndarray:
    """(T, K) float16, columns as `EVENT_KINDS`."""
    strengths = np.zeros((num_frames, len(EVENT_KINDS)), np.float16)
    for event in plan.script.events:
        column = strengths[:, EVENT_KINDS.index(event.kind)]
        column[:] = np.maximum(column, [event.strength(frame) for frame in range(num_frames)])
    return strengths


def _event_masks(chunks: list[Chunk], spec: RecordingSpec) -> dict[str, np.ndarray]:
    """For each kind at work, (T, H, W) bool."""
    masks: dict[str, np.ndarray] = {}
    shape = spec.num_frames(len(chunks) - 1), spec.height, spec.width
    for c, chunk in enumerate(chunks):
        assert chunk.truth is not None
        first = spec.num_frames(c - 1) if c else 0
        for kind, mask in chunk.truth[0].event_masks.items():
            masks.setdefault(kind, np.zeros(shape, bool))[first : first + len(mask)] = mask
    return masks


def _movers(chunks: list[Chunk]) -> set[str]:
    """Classes of the things in view, without the number of their look."""
    names: set[str] = set()
    for chunk in chunks:
        assert chunk.truth is not None
        truth = chunk.truth[0]
        shown = set(np.unique(truth.instances).tolist())
        names |= {name.rstrip("0123456789") for number, name in truth.instance_names.items() if number in shown}
    return names
