"""THE PROTOCOL: what a world model is, and the data that crosses it.

Everything above this file (the loop, environments, agents, suites) speaks to a backend only through
`WorldModel`. Shapes: N worlds, T frames of one step in L latents, H x W pixels, K keyframes or references.

Conventions: world frame right-handed, z up, metres; its origin is the camera's position when the world opened
and its x axis the way the camera looked then. Camera frame OpenCV (x right, y down, z forward). A pose is
`world_from_camera`, (4, 4). Depth is planar z in metres: 0 means unknown, `ModelSpec.far_metres` means sky.

Knows nothing of tasks, rewards or Gymnasium.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from wm_gym.events.kinds import ActiveEvent
from wm_gym.events.timing import Clock
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.memory.hints import Hints

ModelState = TypeVar("ModelState")

Source = Literal["scene", "capture", "image", "text"]
"""What a world can open from: a place that a simulator builds, posed RGB-D keyframes, one picture, a sentence."""


@dataclass(frozen=True)
class ModelSpec:
    """What a backend needs and what it gives. Nothing else knows a number of its own.

    Attributes:
        name: Row of the backend table, for messages and files.
        height: Rows of a frame.
        width: Columns of a frame.
        frames_per_step: Frames of every chunk but the first, T of `WorldModel.step`.
        fps: Frames of world time per second.
        first_frames: Frames of the opening chunk, T of `WorldModel.start`.
        latents_per_step: Latents that the frames of a step lie in, as many of them in each; prompts may change between.
        steered_by: Whether poses or keys move the camera; twists steer no model that goes by keys.
        opens_from: What it can open from, the most telling first.
        takes_text: Whether prompts change what is generated.
        takes_guidance: Whether what memory shows changes what is generated.
        wants_completion: Whether what memory does not show is to be decided before it generates.
        num_references: Posed frames of the past that it takes at each step, K of `References`.
        gives_depth: Whether chunks carry metric depth; else it is reconstructed.
        gives_moving: Whether chunks carry a mask of moving things; else it is reconstructed.
        far_metres: Depth that stands for the sky.
        licence: SPDX name or a sentence.
        weights: Hash of the weights, so that nothing made by some is taken for made by others; empty without any.
        device: Where it computes, such as "cuda:0"; what crosses the protocol is moved there, and what it gives back.
        dtype: Number type of its network.
        arithmetic: What else decides the order of its sums, such as "float32 on cpu, 2 threads"; empty without any.
        wants_drawing: Whether events are to be drawn on its frames, and left out of what it is told.
        shows_bodies: Whether its frames show the other bodies of a world, so that none are drawn on them.
        shows_events: Kinds of event that it can show: names in `wm_gym.events.kinds.KINDS`, and `FREE_TEXT` if it
            follows any text.
    """

    name: str
    height: int
    width: int
    frames_per_step: int
    fps: float
    first_frames: int = 1
    latents_per_step: int = 1
    steered_by: Literal["pose", "keys"] = "pose"
    opens_from: tuple[Source, ...] = ("image",)
    takes_text: bool = False
    takes_guidance: bool = False
    wants_completion: bool = False
    num_references: int = 0
    gives_depth: bool = False
    gives_moving: bool = False
    far_metres: float = FAR_METRES
    licence: str = ""
    weights: str = ""
    device: str = "cpu"
    dtype: str = "float32"
    arithmetic: str = ""
    wants_drawing: bool = False
    shows_bodies: bool = False
    shows_events: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("height", "width", "frames_per_step", "first_frames", "latents_per_step"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.frames_per_step % self.latents_per_step:
            raise ValueError(
                f"frames_per_step must be a multiple of latents_per_step ({self.latents_per_step}), "
                f"got {self.frames_per_step}"
            )
        if not self.opens_from:
            raise ValueError("opens_from must name what a world can open from, got nothing")

    @property
    def clock(self) -> Clock:
        """What a step and a second are, by which texts that name times are obeyed."""
        return Clock(self.frames_per_step, self.fps)


@dataclass(frozen=True)
class Place:
    """A place that the twin can build: a family of maps, a seed in it, and how hard to learn it is.

    Attributes:
        family: One of `wm_gym.scenes.families.FAMILIES`.
        seed: Any non-negative integer; equal seeds give equal maps.
        difficulty: "simple", "medium" or "full".
    """

    family: str
    seed: int
    difficulty: str = "full"


@dataclass(frozen=True)
class Imagined:
    """A place that nobody has seen: what it is to be. Equal descriptions give equal places.

    Attributes:
        seed: Any non-negative integer.
        family: One of `wm_gym.scenes.families.FAMILIES`; "" for what the sentence says, or else chance.
        sentence: What it is to be like; may be empty.
    """

    seed: int
    family: str = ""
    sentence: str = ""


@dataclass(frozen=True)
class CaptureSource:
    """The file that a capture was read from, so that a saved state can name it.

    Attributes:
        scene: Name of a shipped scene, such as "city/9", or the absolute path of a file (`.npz`).
        height: Rows of the frames it was read for.
        width: Columns of the frames.
        finer: Largest keyframe scale it was read with.
        sha256: Hash of the capture that was read.
    """

    scene: str
    height: int
    width: int
    finer: int
    sha256: str


@dataclass(frozen=True, eq=False)
class Capture:
    """Posed RGB-D keyframes of one place, in the world frame; they may be finer than frames, in the same proportions.

    Attributes:
        frames: (K, H, W, 3) uint8.
        depth: (K, H, W) float32 metres; 0 unknown, the far value is sky.
        moving: (K, H, W) bool.
        world_from_camera: (K, 4, 4) float32. Row 0 is the pose the world opens at.
        intrinsics: (4,) float32 fx, fy, cx, cy in pixels.
        lead: How many of the last rows are the frames just before row 0, one after another: they tell what moves how.
        source: The file that it was read from, or None.
    """

    frames: Tensor
    depth: Tensor
    moving: Tensor
    world_from_camera: Tensor
    intrinsics: Tensor
    lead: int = 0
    source: CaptureSource | None = None


@dataclass(frozen=True, eq=False)
class Opening:
    """How one world begins.

    Attributes:
        name: What the user asked for, such as "city/17".
        prompt: Caption of the place.
        intrinsics: (4,) float32 fx, fy, cx, cy of the frames to come, in pixels.
        waypoints: (W, 2) float32 x, y in metres, world frame: spots a body can stand on.
        place: The place a simulator builds, or None.
        capture: Keyframes that fill the memory before the first frame (grounded), or None.
        image: (H, W, 3) uint8, the only known frame (cold), or None.
        lamps: (L, 3) float32 metres, world frame: lamps that are known, which burn at night.
        imagined: The place that is imagined, where nobody has seen it, or None.
    """

    name: str
    prompt: str
    intrinsics: Tensor
    waypoints: Tensor
    place: Place | None = None
    capture: Capture | None = None
    image: Tensor | None = None
    lamps: Tensor = field(default_factory=lambda: torch.zeros(0, 3))
    imagined: Imagined | None = None


@dataclass(frozen=True, eq=False)
class Guidance:
    """What is known of the frames to come, before they are generated.

    Attributes:
        hints: (N, T, H, W), what memory shows at the poses, completed.
        completed: (N, T, H, W) bool: pixels that completion decided, not memory.
        is_complete: Whether completion decides what is new, so that the model has only to join it.
    """

    hints: Hints
    completed: Tensor
    is_complete: bool = False


@dataclass(frozen=True, eq=False)
class References:
    """Posed frames of each world's past, chosen for the poses of a step. Source: Seoul World Model, section 3.2.

    Attributes:
        frames: (N, K, H, W, 3) uint8; 0 where there is none.
        depth: (N, K, H, W) float32 metres; 0 where there is none.
        world_from_camera: (N, K, 4, 4) float32.
        frame_index: (N, K) int64 index of each in its world; before 0 what the world opened with.
        present: (N, K) bool: whether there is one.
    """

    frames: Tensor
    depth: Tensor
    world_from_camera: Tensor
    frame_index: Tensor
    present: Tensor


@dataclass(frozen=True, eq=False)
class OtherBody:
    """A body that shares a world with the one whose frames are asked for, in the T frames of a step.

    Attributes:
        number: By which it is known in its world, whoever comes and goes.
        poses: (T, 5) float64 body poses, metres and radians, world frame.
        phase_frames: T frames that its legs have gone through; 0 while it stands.
    """

    number: int
    poses: np.ndarray
    phase_frames: tuple[int, ...]


@dataclass(frozen=True)
class Condition:
    """What one step asks of the model. Its tensors are on the model's device.

    Attributes:
        world_from_camera: (N, T, 4, 4) float32, where the camera is to be.
        intrinsics: (N, 4) float32 fx, fy, cx, cy in pixels.
        keys: (N, T, 8) bool, columns as `geometry.motion.KEYS`.
        prompts: For each world L strings, one for each latent: the scene and what is going on in it then; empty ones
            for a model that takes no text.
        events: For each world, the events at work in this step, as text and kind, which may be None.
        seeds: N world seeds. All randomness comes from (seed, frame index).
        frame_index: N indices of this step's first frame, counted from the world's first frame.
        guidance: What is known of these frames, or None for a model that takes none.
        references: Frames of the past, or None for a model that takes none.
        bodies: For each world the other bodies in it, in order of their numbers; empty where nobody shares a world.
    """

    world_from_camera: Tensor
    intrinsics: Tensor
    keys: Tensor
    prompts: Sequence[Sequence[str]]
    events: Sequence[Sequence[ActiveEvent]]
    seeds: Sequence[int]
    frame_index: Sequence[int]
    guidance: Guidance | None = None
    references: References | None = None
    bodies: Sequence[Sequence[OtherBody]] = ()


@dataclass(frozen=True)
class Truth:
    """What only a simulator knows about one world's T frames.

    Attributes:
        instances: (T, H, W) uint8: 0 is the map itself, other numbers are things.
        instance_names: Class of each thing, by its number.
        event_masks: For each event kind at work, (T, H, W) bool: pixels it changes.
        event_strengths: For each event kind at work, (T,) float32 in 0..1.
        thing_poses: For each thing, by its number, (T, 4) float64: x, y, z of its foot in metres and its heading in
            radians, counter-clockwise from x, in the world frame. NaN in frames that do not show it.
    """

    instances: np.ndarray
    instance_names: Mapping[int, str]
    event_masks: Mapping[str, np.ndarray]
    event_strengths: Mapping[str, np.ndarray]
    thing_poses: Mapping[int, np.ndarray]


@dataclass(frozen=True)
class Chunk:
    """What one step gives back.

    Attributes:
        frames: (N, T, H, W, 3) uint8.
        depth: (N, T, H, W) float32 metres, or None where the model has none.
        moving: (N, T, H, W) bool, or None where the model has none.
        world_from_camera: (N, T, 4, 4) float32 poses that came true, or None where the model cannot know them.
        truth: N records of a simulator, or None from a generative model.
        write_mask: (N, T, H, W) bool: pixels that may be remembered; the others are generated anew when they are next
            looked at. None: all.
    """

    frames: Tensor
    depth: Tensor | None = None
    moving: Tensor | None = None
    world_from_camera: Tensor | None = None
    truth: Sequence[Truth] | None = None
    write_mask: Tensor | None = None


class Obstacles(Protocol):
    """What a body of one world can bump into."""

    def blocked(self, positions: np.ndarray, radius: float) -> np.ndarray:
        """Whether a body of `radius` metres overlaps something solid, (M,) bool.

        Args:
            positions: (M, 2) float64 x, y in metres, world frame.
            radius: Metres.
        """
        ...


@dataclass(frozen=True)
class Packed:
    """A model state made plain for a file.

    Attributes:
        tensors: Flat names to tensors.
        meta: JSON-able.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class WorldModel(Protocol[ModelState]):
    """Video given poses, guidance and text. N worlds at once; knows nothing of tasks.

    `wm_gym.backends.base.BaseModel` gives a new backend all but `spec`, `start` and `step`. A state is a value: no
    method changes the state it is given, so any state can be stepped twice.
    """

    spec: ModelSpec

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[ModelState, Chunk]:
        """Open N worlds; the chunk has `spec.first_frames` frames at the opening pose."""
        ...

    def step(self, state: ModelState, condition: Condition) -> tuple[ModelState, Chunk]:
        """Go on by `spec.frames_per_step` frames."""
        ...

    def select(self, state: ModelState, worlds: Sequence[int]) -> ModelState:
        """The state of the named worlds, in that order; a world may be named twice (a fork)."""
        ...

    def cat(self, states: Sequence[ModelState]) -> ModelState:
        """The worlds of several states, one after another."""
        ...

    def pack(self, state: ModelState) -> Packed:
        """Plain tensors and JSON that `unpack` turns back into an equal state, in any process."""
        ...

    def unpack(self, packed: Packed) -> ModelState:
        """The state that `pack` was given."""
        ...

    def obstacles(self, state: ModelState, world: int) -> Obstacles | None:
        """What stands in one world, or None where only the memory can tell."""
        ...

    def close(self) -> None:
        """Free processes and device memory. The model cannot be used afterwards."""
        ...
