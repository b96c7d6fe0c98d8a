"""What recorded a clip, as far as training reads it: frames of a step, frames per second, size, far plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from wm_gym.world_model import ModelSpec


@dataclass(frozen=True)
class RecordingSpec:
    """Fields of `ModelSpec`, under the same names; every manifest holds them.

    Attributes:
        name: Row of the backend table.
        height: Rows of a frame.
        width: Columns of a frame.
        first_frames: Frames before the first step.
        frames_per_step: Frames of a step.
        latents_per_step: Latents that the frames of a step lie in; 1 for a simulator.
        fps: Frames per second of world time.
        far_metres: Depth that stands for the sky.
    """

    name: str
    height: int
    width: int
    first_frames: int
    frames_per_step: int
    latents_per_step: int
    fps: float
    far_metres: float

    @classmethod
    def of(cls, spec: ModelSpec) -> RecordingSpec:
        """The fields of a backend's spec that recordings keep."""
        kept = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in asdict(spec).items() if name in kept})

    @classmethod
    def from_json(cls, data: Any) -> RecordingSpec:
        """The spec that `to_json` was called on.

        Raises:
            ValueError: If a field is missing or unknown.
        """
        kept = [field.name for field in fields(cls)]
        if not isinstance(data, dict) or set(data) != set(kept):
            raise ValueError(f"spec must have the fields {kept}, got {list(data) if isinstance(data, dict) else data}")
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @property
    def frames_per_latent(self) -> int:
        """Frames of a latent."""
        return self.frames_per_step // self.latents_per_step

    def num_frames(self, steps: int) -> int:
        """T: frames of a clip of so many steps."""
        return self.first_frames + self.frames_per_step * steps

    def frames_of(self, step: int) -> range:
        """Indices of the frames of a step."""
        return range(self.num_frames(step), self.num_frames(step + 1))

    def step_of(self, frame: int) -> int:
        """The step that a frame belongs to; frames before the first step count as its own."""
        return max(0, frame - self.first_frames) // self.frames_per_step

    def seconds(self, steps: int) -> float:
        """World time after so many steps; a clip starts at 0."""
        return self.num_frames(steps) / self.fps if steps else 0.0

    def reduced(self, scale: int) -> RecordingSpec:
        """The spec of the same frames downsampled, each of `scale` x `scale` pixels of theirs as one.

        Raises:
            ValueError: If the sizes do not divide.
        """
        if scale < 1 or self.height % scale or self.width % scale:
            raise ValueError(f"keyframe_scale must divide {self.height} x {self.width} pixels, got {scale}")
        return replace(self, height=self.height // scale, width=self.width // scale)

    def check(self, model: Any, name: str, settings: Sequence[str]) -> None:
        """Make sure that a model is of the size and range of the recordings.

        Args:
            model: Settings of the model.
            name: Name of these settings, for the message.
            settings: Settings that must be those of the recordings, under the names that they have here.

        Raises:
            ValueError: If one differs.
        """
        for setting in settings:
            recorded, value = getattr(self, setting), getattr(model, setting)
            if recorded != value:
                raise ValueError(f"{name}.{setting} must be that of the recordings, {recorded}, got {value}")
