"""`World`: the loop of generation, reconstruction and guidance, for N worlds at once.

    action -> poses -> hints from memory -> completion -> frames from the model -> reconstruction -> memory
                                                                                         |
                                                                    shown frames <- events drawn on them

This is TeleWorld's closed loop (section 3) with InSpatio-World's explicit spatial constraint: the model is guided
by what is already known to be there, and memory keeps only what it did not know. Knows nothing of tasks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm_gym.completion.pipeline import Completed, Completion
from wm_gym.entities.drawing import EventDrawing
from wm_gym.events.kinds import ActiveEvent
from wm_gym.events.scripts import EventScript
from wm_gym.geometry.motion import OPENING_EYE_METRES, START_BODY_POSE, Body, camera_pose
from wm_gym.memory.hints import Hints
from wm_gym.memory.kept import MOST_BYTES, MemoryFolder
from wm_gym.memory.keyframes import load_kernels
from wm_gym.memory.memory import Memory, MemoryConfig
from wm_gym.networks.arithmetic import in_own_arithmetic
from wm_gym.reconstruction.reconstructor import PlainReconstructor, Reconstructor
from wm_gym.reconstruction.tracking import PoseTracker, tracked_all
from wm_gym.world import batching
from wm_gym.world.adopting import adopt_people
from wm_gym.world.bodies import other_bodies
from wm_gym.world.captures import CaptureMemories
from wm_gym.world.checking import check_chunk
from wm_gym.world.entering import opening_at, openings_at
from wm_gym.world.guiding import Events, complete_hints, completion_for, condition_of, render_hints
from wm_gym.world.movement import Blocked, keys_of, twists_of, walk_all
from wm_gym.world.obstacles import Solid, solid_round
from wm_gym.world.references import Keyframes
from wm_gym.world.remembering import grown, write_mask_of, written
from wm_gym.world.showing import advanced, after_step, draw_events, drawing_for, told_to_model
from wm_gym.world.state import Outcome, WorldState, stack_intrinsics
from wm_gym.world.things import with_things
from wm_gym.world.transfer import moved
from wm_gym.world.trust import trust_of
from wm_gym.world_model import Chunk, Guidance, Opening, WorldModel


@dataclass(frozen=True)
class WorldConfig:
    """How the loop runs.

    Attributes:
        body: Size and speeds of the walking body.
        memory: Bounds and tolerances of the 4D memory.
        step_height_metres: Solid things lower than this over the ground do not stop the body.
        bodies_collide: Whether bodies that share a memory stop one another.
        kept_memories: Most captures whose memories stay built until the world is closed.
        cache_bytes: Most bytes of built memories in the user's cache folder (`memory.kept`); 0 keeps none there.
    """

    body: Body = field(default_factory=Body)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    step_height_metres: float = 0.4
    bodies_collide: bool = False
    kept_memories: int = 16
    cache_bytes: int = MOST_BYTES


class World:
    """Steps N worlds of one backend. Holds no world: every world is in the `WorldState` that goes in and out."""

    def __init__(
        self,
        model: WorldModel[Any],
        config: WorldConfig | None = None,
        *,
        completion: Completion | None = None,
        reconstructor: Reconstructor | None = None,
        drawing: EventDrawing | None = None,
        tracker: PoseTracker | None = None,
    ) -> None:
        """Join a backend with a memory.

        Args:
            model: The backend.
            config: How the loop runs.
            completion: Decides what memory does not show; None: as the model wants it. `Completion()` decides nothing.
            reconstructor: Gives depth and moving masks where the model gives none; None: the plain one.
            drawing: Draws events on clean frames; None: as the model wants it. `EventDrawing()` draws none.
            tracker: Finds where bodies are by the frames of a model that does not say; None: where they were sent.
        """
        self.model = model
        self.config = config or WorldConfig()
        self.memories = CaptureMemories(self.config.kept_memories, MemoryFolder(self.config.cache_bytes))
        self.completion = completion_for(model.spec) if completion is None else completion
        self.reconstructor = reconstructor or PlainReconstructor(-OPENING_EYE_METRES)
        self.drawing = drawing_for(model.spec) if drawing is None else drawing
        self.tracker = tracker
        load_kernels()
        self.spec = replace(
            model.spec,
            weights=_joined_hash(model.spec.weights, self.completion.weights, self.drawing.weights),
            shows_events=tuple(dict.fromkeys((*model.spec.shows_events, *self.drawing.kinds))),
        )

    @in_own_arithmetic
    def start(
        self,
        openings: Sequence[Opening],
        seeds: Sequence[int],
        at: np.ndarray | None = None,
        *,
        is_shared: bool = False,
    ) -> tuple[WorldState, Outcome]:
        """Open N worlds, or N views of one. The outcome's frames show each opening pose.

        Args:
            openings: N.
            seeds: N world seeds.
            at: (N, 5) body poses to open at, for openings with captures: the model opens on what memory and completion
                show there. None: at the first keyframes, the worlds' origins.
            is_shared: Whether all are views of one world, which have its opening and seed; their bodies are numbered in
                order.
        """
        num_worlds, spec = len(openings), self.model.spec
        starts = np.tile(START_BODY_POSE, (num_worlds, 1)) if at is None else at
        body_poses = np.repeat(starts[:, None], spec.first_frames, axis=1)
        state = WorldState(
            model=None,
            memories=tuple(self._first_memory(opening) for opening in (openings[:1] if is_shared else openings)),
            world_of_view=(0,) * num_worlds if is_shared else tuple(range(num_worlds)),
            body_poses=body_poses[:, -1],
            frame_index=(0,) * num_worlds,
            seeds=tuple(int(seed) for seed in seeds),
            openings=tuple(replace(opening, capture=None, image=None) for opening in openings),
            scripts=tuple(EventScript(int(seed)) for seed in seeds),
            completions=self.completion.begun(openings, seeds, spec.far_metres),
            keyframes=tuple(self._first_keyframes(opening) for opening in openings),
            entities=((),) * (1 if is_shared else num_worlds),
            bodies=tuple(range(num_worlds)) if is_shared else (0,) * num_worlds,
        )
        nothing: Events = [()] * num_worlds
        hints, completed = render_hints(self.model.spec, state, _poses(body_poses), nothing), None
        if at is not None:
            completed = complete_hints(self.model.spec, self.completion, state, hints, _poses(body_poses))
            state = replace(state, completions=completed.states)
            openings = openings_at(openings, completed.hints, _poses(body_poses))
        else:
            openings, people = adopt_people(self.drawing, spec, openings, hints, state.seeds)
            state = replace(state, entities=people[: len(state.memories)])
        model_state, chunk = self.model.start([moved(opening, spec.device) for opening in openings], seeds)
        state = replace(state, model=model_state)
        state, clean = self._remember(state, body_poses, chunk, hints, completed, nothing, (False,) * num_worlds)
        standing = [[state.entities[w]] * spec.first_frames for w in state.world_of_view]
        bodies = other_bodies(state.world_of_view, state.bodies, body_poses, (0,) * num_worlds)
        shown = draw_events(self.drawing, spec, state, clean, nothing, standing, bodies)
        return state, with_things(shown, state, nothing)

    @in_own_arithmetic
    def step(self, state: WorldState, twists: np.ndarray, keys: np.ndarray | None = None) -> tuple[WorldState, Outcome]:
        """One chunk of every world.

        Args:
            state: N worlds; stays valid and unchanged.
            twists: (N, T, 4) float64 forward, left, yaw, pitch as fractions -1..1 of the body's top speeds.
            keys: (N, T, 8) bool as `geometry.motion.KEYS`, or None to read them off the twists.
        """
        blocked = [self._blocked(state, n) for n in range(state.num_worlds)]
        groups = state.world_of_view if self.config.bodies_collide else range(state.num_worlds)
        body_poses, collided = walk_all(state.body_poses, twists, self.config.body, blocked, groups)
        return self._advance(state, body_poses, keys_of(twists) if keys is None else keys, collided)

    @in_own_arithmetic
    def follow(
        self, state: WorldState, body_poses: np.ndarray, keys: np.ndarray | None = None
    ) -> tuple[WorldState, Outcome]:
        """One chunk along given body poses (N, T, 5), whatever stands there: to go where another world went.

        Keys, as those of `step`, are read off the path where they are None.
        """
        if keys is None:
            keys = keys_of(twists_of(np.concatenate([state.body_poses[:, None], body_poses], 1), self.config.body))
        return self._advance(state, body_poses, keys, (False,) * state.num_worlds)

    def select(self, state: WorldState, worlds: Sequence[int]) -> WorldState:
        """The named worlds, in that order. Memories and caches are shared with `state`, and nothing is copied.

        Views that share a memory go on sharing it. A view named twice is a fork: its second naming has a memory of
        its own, together with the second naming of those that shared it.

        Raises:
            ValueError: If a world is none of the state's, or none is named.
        """
        return batching.select(self.model, state, worlds)

    @in_own_arithmetic
    def joined(self, state: WorldState, view: int, body_pose: np.ndarray, number: int) -> WorldState:
        """The state with one more body, and its view as the last; the next step shows what it sees.

        A model that opens from captures opens anew at its pose, on what the world's memory shows there; another goes on
        from what it has shown another body.

        Args:
            state: N views.
            view: One of them, whose world the body joins.
            body_pose: (5,) where it stands.
            number: By which it is known in its world.

        Raises:
            ValueError: If a body of that world has the number.
        """
        world = state.world_of_view[view]
        if any(w == world and one == number for w, one in zip(state.world_of_view, state.bodies, strict=True)):
            raise ValueError(f"number must be that of no other body of the world, got {number}")
        after = batching.joined(self.model, state, view, body_pose, number)
        return self._opened_last(state, after) if "capture" in self.model.spec.opens_from else after

    def cat(self, states: Sequence[WorldState]) -> WorldState:
        """The worlds of several states, one after another, as one batch; nothing is copied.

        Raises:
            ValueError: If there are no states.
        """
        return batching.cat(self.model, states)

    def close(self) -> None:
        """Free the backend's processes and memory, and what the world, its completion and its drawing keep."""
        self.memories.clear()
        self.completion.close()
        self.drawing.close()
        self.model.close()

    def _advance(
        self, state: WorldState, body_poses: np.ndarray, keys: np.ndarray, collided: tuple[bool, ...]
    ) -> tuple[WorldState, Outcome]:
        """The loop: hints at the new poses, completed; frames from the model, and what they teach to the memory."""
        events, drawn = self._events(state), self.drawing.kinds
        told, poses, spec = told_to_model(self.drawing, events), _poses(body_poses), self.model.spec
        hints = render_hints(spec, state, poses, told)
        completed = complete_hints(spec, self.completion, state, hints, poses, drawn)
        guidance = Guidance(completed.hints, completed.where, self.completion.decides(state.completions))
        bodies = other_bodies(state.world_of_view, state.bodies, body_poses, state.frame_index)
        condition = condition_of(spec, state, poses, keys, told, guidance, drawn, bodies)
        entities = advanced(self.drawing, state, poses, events, self.config.step_height_metres)
        model_state, chunk = self.model.step(state.model, moved(condition, spec.device))
        after = replace(state, model=model_state, completions=completed.states, entities=after_step(state, entities))
        after, clean = self._remember(after, body_poses, chunk, hints, completed, told, collided)
        shown = draw_events(self.drawing, spec, after, clean, events, entities, bodies)
        return after, with_things(shown, after, events)

    def _opened_last(self, before: WorldState, after: WorldState) -> WorldState:
        """A state with one more view than before, whose last one the model opens anew."""
        spec, one = self.model.spec, batching.select(self.model, after, [after.num_worlds - 1])
        poses = _poses(np.repeat(one.body_poses[:, None], spec.first_frames, axis=1))
        hints = render_hints(spec, one, poses, [()])
        completed = complete_hints(spec, self.completion, one, hints, poses)
        opening = opening_at(one.openings[0], completed.hints.of_world(0), poses[0, -1:])
        model_state, _ = self.model.start([moved(opening, spec.device)], one.seeds)
        completions = (*before.completions, *completed.states)
        return replace(after, model=self.model.cat([before.model, model_state]), completions=completions)

    def _events(self, state: WorldState) -> list[tuple[ActiveEvent, ...]]:
        num_frames = self.model.spec.frames_per_step
        return [script.active(f, num_frames) for script, f in zip(state.scripts, state.frame_index, strict=True)]

    def solid_round(self, state: WorldState, world: int, reach_metres: float = 0.0) -> Solid:
        """What stands round the body of a world, as `obstacles.solid_round`; at least as far as a step reaches."""
        body = self.config.body
        step = self.model.spec.frames_per_step * body.walk_metres_per_frame + 2 * body.radius_metres
        return solid_round(self.model, state, world, self.config.step_height_metres, max(step, reach_metres))

    def _blocked(self, state: WorldState, world: int) -> Blocked:
        """What stands in the way of the body of a world."""
        solid = self.solid_round(state, world)
        return lambda positions: solid(positions, self.config.body.radius_metres)

    def _first_memory(self, opening: Opening) -> Memory:
        if opening.capture is None:
            return Memory.empty(self.config.memory)
        return self.memories.of(opening.capture, self.config.memory)

    def _first_keyframes(self, opening: Opening) -> Keyframes | None:
        spec = self.model.spec
        return Keyframes.of_opening(opening, spec.height, spec.width) if spec.num_references else None

    def _remember(
        self,
        state: WorldState,
        body_poses: np.ndarray,
        chunk: Chunk,
        hints: Hints,
        completed: Completed | None,
        events: Events,
        collided: tuple[bool, ...],
    ) -> tuple[WorldState, Outcome]:
        """Reconstruct what the model did not give, write the clean chunk to memory and close the step."""
        check_chunk(self.model.spec, chunk, *body_poses.shape[:2])
        chunk = moved(chunk, "cpu")
        intrinsics = stack_intrinsics(state.openings)
        if chunk.world_from_camera is None and self.tracker is not None:
            body_poses = tracked_all(self.tracker, chunk.frames, hints, body_poses, intrinsics)
            hints = render_hints(self.model.spec, state, _poses(body_poses), events)
        poses = _poses(body_poses) if chunk.world_from_camera is None else chunk.world_from_camera
        chunk = replace(chunk, world_from_camera=poses)
        chunk = self.reconstructor.reconstruct(chunk, hints, intrinsics, self.model.spec.far_metres)
        chunk = chunk if completed is None else replace(chunk, write_mask=write_mask_of(chunk, hints, completed))
        num_frames = chunk.frames.shape[1]
        after = replace(
            state,
            memories=written(self.model.spec, state, chunk, hints, completed, events),
            body_poses=body_poses[:, -1],
            frame_index=tuple(f + num_frames for f in state.frame_index),
            keyframes=grown(state, chunk),
        )
        return after, Outcome(chunk, hints, body_poses, intrinsics, collided, tuple(trust_of(chunk, hints)))


def _poses(body_poses: np.ndarray) -> Tensor:
    """(N, T, 4, 4) float32 camera poses of (N, T, 5) body poses."""
    return torch.from_numpy(camera_pose(body_poses)).float()


def _joined_hash(*hashes: str) -> str:
    """Of all that decides what a world shows; that of one alone is its own."""
    told = [one for one in hashes if one]
    return told[0] if len(told) == 1 else hashlib.sha256("".join(told).encode()).hexdigest() if told else ""
