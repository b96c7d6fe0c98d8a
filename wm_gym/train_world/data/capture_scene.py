"""`wm-gym capture`: a capture of one of the twin's scenes, as a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from wm_gym.backends.twin.capture import capture_place
from wm_gym.files.atomic import check_writable
from wm_gym.scenes.captures import save_capture
from wm_gym.scenes.places import find_place


@dataclass
class CaptureConfig:
    """The scene that is captured, and the file.

    Attributes:
        world: Scene, as "family" or "family/number".
        seed: Number of the scene where `world` gives none.
        difficulty: Richness of the scene: "simple", "medium" or "full".
        output: File of the capture, `.npz`.
        height: Rows of a frame.
        width: Columns of a frame.
        keyframes: Number of keyframes.
    """

    world: str = "city/3"
    seed: int = 0
    difficulty: str = "full"
    output: str = "outputs/capture.npz"
    height: int = 192
    width: int = 256
    keyframes: int = 32

    def __post_init__(self) -> None:
        for name in ("height", "width", "keyframes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if Path(self.output).suffix != ".npz":
            raise ValueError(f"output must be a file that ends in .npz, got {self.output!r}")


def capture(config: CaptureConfig) -> Path:
    """Capture a scene; returns the file.

    Raises:
        ValueError: If there is no such scene, or the file could not be written.
        RuntimeError: If an engine died or the disk cannot take it.
    """
    place = find_place(config.world, config.seed, config.difficulty)
    check_writable(config.output)
    opening = capture_place(place, config.height, config.width, config.keyframes)
    path = Path(config.output)
    path.parent.mkdir(parents=True, exist_ok=True)
    # with its place, so that worlds that open on the capture can be compared with the twin
    save_capture(path, replace(opening, place=place))
    return path
