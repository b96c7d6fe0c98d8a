"""True pieces of walks and what a generator made of them. Knows nothing of any generator, model or training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class TruePieces:
    """N pieces of walks: the frame before, then C chunks, of each of which the last frame counts.

    Attributes:
        truth: (N, C, H, W, 3) uint8.
        unseen: (N, C, H, W) bool, pixels that no hint shows.
        world_from_camera: (N, C + 1, 4, 4), the pose of the frame before first.
        intrinsics: (4,) of all, or (N, 4), in pixels.
        last: (N, H, W, 3) uint8, the frame before the first chunk.
        others: (M, C, H, W, 3) uint8, frames of other walks, by which is told how far true frames are from true ones;
            None where there are none.
        is_cold: Whether the frame before is not shown to the generator, so that nothing goes on from it.
    """

    truth: np.ndarray
    unseen: np.ndarray
    world_from_camera: np.ndarray
    intrinsics: np.ndarray
    last: np.ndarray
    others: np.ndarray | None = None
    is_cold: bool = False

    def __post_init__(self) -> None:
        check_frames("truth", self.truth, (None, None, None, None, 3))
        count, chunks, height, width, _ = self.truth.shape
        check_frames("last", self.last, (count, height, width, 3))
        if self.others is not None:
            check_frames("others", self.others, (None, chunks, height, width, 3))
        for name, shape in (
            ("unseen", (count, chunks, height, width)),
            ("world_from_camera", (count, chunks + 1, 4, 4)),
        ):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got {getattr(self, name).shape}")
        if self.unseen.dtype != np.bool_:
            raise ValueError(f"unseen must be bool, got {self.unseen.dtype}")
        if self.intrinsics.shape not in ((4,), (count, 4)):
            raise ValueError(f"intrinsics must have shape (4,) or ({count}, 4), got {self.intrinsics.shape}")

    @property
    def chunks(self) -> int:
        """C."""
        return self.truth.shape[1]

    def first(self, chunks: int) -> TruePieces:
        """The same pieces up to a chunk.

        Raises:
            ValueError: If there are not so many.
        """
        if not 1 <= chunks <= self.chunks:
            raise ValueError(f"chunks must be from 1 to {self.chunks}, got {chunks}")
        others = None if self.others is None else self.others[:, :chunks]
        return TruePieces(
            self.truth[:, :chunks], self.unseen[:, :chunks], self.world_from_camera[:, : chunks + 1],
            self.intrinsics, self.last, others, self.is_cold,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Generated:
    """What S seeds of a generator made of pieces.

    Attributes:
        frames: (S, N, C, H, W, 3) uint8.
        pieces: The pieces.
    """

    frames: np.ndarray
    pieces: TruePieces

    def __post_init__(self) -> None:
        check_frames("frames", self.frames, (None, *self.pieces.truth.shape))


def check_frames(name: str, frames: np.ndarray, shape: tuple[int | None, ...]) -> None:
    """Refuse what is not uint8 of this shape, in which None stands for any number above 0.

    Raises:
        ValueError: With one sentence that names the rule and what came.
    """
    fits = frames.ndim == len(shape) and all(
        size > 0 if wanted is None else size == wanted for size, wanted in zip(frames.shape, shape, strict=True)
    )
    if not fits or frames.dtype != np.uint8:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} must be ({wanted}) uint8, got {frames.shape} {frames.dtype}")
