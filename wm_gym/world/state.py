"""`WorldState`: everything that N worlds remember, as one value.

A state is immutable. Its large parts (memory blocks, engine saves, model caches) are shared between the states
that name them, so a fork costs table rows. Knows nothing of tasks or Gymnasium.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from wm_gym.completion.state import CompletionState
from wm_gym.entities.entity import Entity
from wm_gym.events.kinds import ActiveEvent
from wm_gym.events.scripts import EventScript
from wm_gym.events.timing import Clock
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.world.references import Keyframes
from wm_gym.world.size import nbytes
from wm_gym.world_model import Chunk, Opening

Record = TypeVar("Record", Chunk, Hints)


@dataclass(frozen=True)
class WorldState:
    """N views into worlds.

    Attributes:
        model: The backend's own state of N views.
        memories: One 4D memory for each distinct world.
        world_of_view: N indices into `memories`: whose memory a view reads and writes.
        body_poses: (N, 5) float64 x, y, z, yaw, pitch of each body, metres and radians, world frame.
        frame_index: N counts of frames shown so far.
        seeds: N world seeds.
        openings: N openings, without the capture or image (the memory has taken them in).
        scripts: N scripts of events.
        completions: What completion remembers of N worlds.
        keyframes: Posed frames of the past of N worlds, or None for a model that takes no references.
        entities: For each memory the things that events have added to its world.
        bodies: N numbers by which bodies are known in their worlds, whoever comes and goes.
    """

    model: Any
    memories: tuple[Memory, ...]
    world_of_view: tuple[int, ...]
    body_poses: np.ndarray
    frame_index: tuple[int, ...]
    seeds: tuple[int, ...]
    openings: tuple[Opening, ...]
    scripts: tuple[EventScript, ...]
    completions: tuple[CompletionState, ...]
    keyframes: tuple[Keyframes | None, ...]
    entities: tuple[tuple[Entity, ...], ...]
    bodies: tuple[int, ...]

    @property
    def num_worlds(self) -> int:
        """N."""
        return len(self.seeds)

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors and arrays; what worlds share counts once."""
        return nbytes(self)

    def prompts(self, without: Collection[str] = ()) -> list[str]:
        """For each world, the scene and what is going on in it now, but for events of some kinds."""
        return [one for [one] in self.prompts_of(1, 1, without)]

    def prompts_of(self, num_frames: int, num_latents: int, without: Collection[str] = ()) -> list[list[str]]:
        """For each world, the scene and what goes on in it at the first frame of each latent of a step."""
        rows = zip(self.scripts, self.openings, self.frame_index, strict=True)
        starts = range(0, num_frames, num_frames // num_latents)
        return [
            [script.describe(opening.prompt, now + start, without) for start in starts] for script, opening, now in rows
        ]

    def schedule_event(
        self, world: int, text: str, *, in_frames: int = 0, for_frames: int | None = None, clock: Clock | None = None
    ) -> WorldState:
        """The state in which an event of one world starts or stops, as `text` asks, in so many frames.

        Args:
            world: One of N.
            text: What starts or stops.
            in_frames: Frames until then.
            for_frames: Frames until it begins to end by itself, or None.
            clock: Of the backend, by which "in ten steps" and "for 3 seconds" are obeyed; without one they are not.

        Raises:
            ValueError: If the text is empty, or `for_frames` is not a whole number from 1.
        """
        script = self.scripts[world].schedule(text, self.frame_index[world] + in_frames, for_frames, clock)
        return self.with_script(world, script)

    def schedule_in_steps(
        self, world: int, text: str, clock: Clock, *, in_steps: int = 0, for_steps: int | None = None
    ) -> WorldState:
        """As `schedule_event`, with times in steps of the backend."""
        frames = clock.frames_per_step
        lasts = None if for_steps is None else frames * for_steps
        return self.schedule_event(world, text, in_frames=frames * in_steps, for_frames=lasts, clock=clock)

    def with_script(self, world: int, script: EventScript) -> WorldState:
        """The state in which one world follows another script of events."""
        scripts = list(self.scripts)
        scripts[world] = script
        return replace(self, scripts=tuple(scripts))


@dataclass(frozen=True)
class Thing:
    """Something that an event or the place itself has put into a world.

    Attributes:
        kind: A name in `events.kinds.KINDS` of a local event; everybody who walks is a "walker".
        position: x, y, z of its foot, or the middle of its bursts, in metres, world frame.
        event_id: Number of the event that added it; -1 for one that no event has added, or where that is unknown.
    """

    kind: str
    position: tuple[float, float, float]
    event_id: int = -1


@dataclass(frozen=True)
class Outcome:
    """What a step (or the opening) of N worlds showed.

    Attributes:
        chunk: Frames, depth, moving mask and poses as they are shown, with events drawn on them; nothing in it is None
            but `truth`.
        hints: What memory showed at these poses before the step.
        body_poses: (N, T, 5) float64, the body in each frame.
        intrinsics: (N, 4) float32 fx, fy, cx, cy in pixels.
        collided: N flags: something stood in the body's way.
        trust: N shares in 0..1 of what memory knew that may be believed, as `trust.trust_of`; 0 if it knew nothing.
        things: For each of N worlds what it holds at the last frame. Of a simulator those in view.
        events: For each of N worlds what is at work in the step, whether or not it can be shown.
    """

    chunk: Chunk
    hints: Hints
    body_poses: np.ndarray
    intrinsics: Tensor
    collided: tuple[bool, ...]
    trust: tuple[float, ...]
    things: tuple[tuple[Thing, ...], ...] = ()
    events: tuple[tuple[ActiveEvent, ...], ...] = ()

    def of_world(self, world: int) -> Outcome:
        """What one world showed, N = 1. Its tensors are views: nothing is copied, and all worlds' memory is held."""
        if len(self.trust) == 1 and world == 0:
            return self
        row = slice(world, world + 1)
        truth = None if self.chunk.truth is None else [self.chunk.truth[world]]
        return Outcome(
            chunk=_map(replace(self.chunk, truth=truth), lambda tensor: tensor[row]),
            hints=_map(self.hints, lambda tensor: tensor[row]),
            body_poses=self.body_poses[row],
            intrinsics=self.intrinsics[row],
            collided=self.collided[row],
            trust=self.trust[row],
            things=self.things[row],
            events=self.events[row],
        )

    def copied(self) -> Outcome:
        """An equal outcome that holds memory of its own worlds only."""
        return replace(
            self,
            chunk=_map(self.chunk, Tensor.clone),
            hints=_map(self.hints, Tensor.clone),
            body_poses=self.body_poses.copy(),
            intrinsics=self.intrinsics.clone(),
        )


def stack_intrinsics(openings: Sequence[Opening]) -> Tensor:
    """(N, 4) float32 from N openings."""
    return torch.stack([opening.intrinsics.float() for opening in openings])


def _map(record: Record, change: Callable[[Tensor], Tensor]) -> Record:
    """The record with every tensor in it changed."""
    return replace(record, **{name: change(value) for name, value in vars(record).items() if isinstance(value, Tensor)})
