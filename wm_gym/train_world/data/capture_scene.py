"""`wm-gym capture`: a capture of one of the twin's scenes or of a posed RGB-D log, as a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.scenes.captures import save_capture
from wm_gym.scenes.logs.convert import LogConfig, convert_log
from wm_gym.scenes.places import find_place


@dataclass
class CaptureConfig:
    """The scene that is captured, and the file.

    Attributes:
        from_: Folder of a posed RGB-D log that is converted; empty for a scene of the twin.
        world: Scene of the twin, as "family" or "family/number".
        seed: Number of the scene where `world` gives none.
        difficulty: Richness of the scene: "simple", "medium" or "full".
        output: File of the capture, `.npz`; of a log there is a report beside it, `.json`.
        height: Rows of a keyframe.
        width: Columns of a keyframe; pictures of a log are cropped at their centre to these proportions.
        keyframes: Number of keyframes; of a log the most of them.
        log: Of a log: what its files do not say.
    """

    from_: str = ""
    world: str = "city/3"
    seed: int = 0
    difficulty: str = "full"
    output: str = "outputs/capture.npz"
    height: int = 192
    width: int = 256
    keyframes: int = 32
    log: LogConfig = field(default_factory=LogConfig)

    def __post_init__(self) -> None:
        for name in ("height", "width", "keyframes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if Path(self.output).suffix != ".npz":
            raise ValueError(f"output must be a file that ends in .npz, got {self.output!r}")


def capture(config: CaptureConfig) -> Path:
    """Capture a scene, or convert a log; returns the file.

    Raises:
        ValueError: If there is no such scene, the log cannot be converted, or the file could not be written.
        RuntimeError: If an engine died or the disk cannot take it.
    """
    path = Path(config.output)
    if config.from_:
        return _from_log(config, path)
    from wm_gym.backends.twin.capture import capture_place

    place = find_place(config.world, config.seed, config.difficulty)
    check_writable(config.output)
    opening = capture_place(place, config.height, config.width, config.keyframes)
    path.parent.mkdir(parents=True, exist_ok=True)
    # with its place, so that worlds that open on the capture can be compared with the twin
    save_capture(path, replace(opening, place=place))
    return path


def _from_log(config: CaptureConfig, path: Path) -> Path:
    check_writable(path)
    check_writable(path.with_suffix(".json"))
    opening, report = convert_log(
        config.from_, config.log, height=config.height, width=config.width, keyframes=config.keyframes
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_capture(path, opening)
    told = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path.with_suffix(".json"), lambda file: file.write(told.encode()))
    return path
