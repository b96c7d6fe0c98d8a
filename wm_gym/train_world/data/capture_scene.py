"""`wm-gym capture`: a capture of one of the twin's scenes, a posed RGB-D log, a clip, a film or a panorama."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.reconstruction.depth_estimator import EMBEDDED, GROUND, find_estimator
from wm_gym.scenes.captures import save_capture
from wm_gym.scenes.logs.convert import LogConfig, convert_log
from wm_gym.scenes.logs.films import FILM_SUFFIXES, convert_film
from wm_gym.scenes.panoramas import PANORAMA_SUFFIXES, largest_width, open_panorama, read_panorama
from wm_gym.scenes.places import find_place
from wm_gym.train_world.data.clip_logs import convert_clip
from wm_gym.train_world.data.recordings import MANIFEST
from wm_gym.world_model import Opening

_LEROBOT = "meta/info.json"


@dataclass
class CaptureConfig:
    """The scene that is captured, and the file.

    Attributes:
        from_: Folder of a posed RGB-D log or of recordings, a film, or an equirectangular panorama, that is converted;
            empty for a scene of the twin.
        world: Scene of the twin, as "family" or "family/number".
        seed: Number of the scene where `world` gives none.
        difficulty: Richness of the scene: "simple", "medium" or "full".
        output: File of the capture, `.npz`; of a log there is a report beside it, `.json`.
        height: Rows of a keyframe.
        width: Columns of a keyframe; pictures of a log are cropped at their centre to these proportions.
        keyframes: Number of keyframes; of a log the most of them.
        log: Of a log or film: what its files do not say.
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


def _converted(config: CaptureConfig) -> tuple[Opening, dict[str, Any]]:
    asked, sizes = config.log, {"height": config.height, "width": config.width, "keyframes": config.keyframes}
    if (Path(config.from_) / MANIFEST).is_file():
        return convert_clip(config.from_, asked, **sizes)
    if (Path(config.from_) / _LEROBOT).is_file():
        raise ValueError(
            "from must be a folder of recordings, which wm-gym import-recordings makes of a data set of LeRobot, got "
            f"the data set {config.from_!r} itself"
        )
    if Path(config.from_).suffix.lower() in PANORAMA_SUFFIXES:
        return _panorama(config)
    if Path(config.from_).suffix.lower() not in FILM_SUFFIXES:
        return convert_log(config.from_, asked, **sizes)
    if not Path(config.from_).is_file():
        raise ValueError(f"from must be a film that is there, got {config.from_!r}, which is not")
    estimator = find_estimator(asked.depth or EMBEDDED, masks=asked.masks)
    if estimator is None:
        raise ValueError(f"log.depth must name who estimates the depth of a film, got {asked.depth!r}")
    return convert_film(config.from_, estimator, asked, **sizes)


def _panorama(config: CaptureConfig) -> tuple[Opening, dict[str, Any]]:
    colours, asked = read_panorama(config.from_), config.log
    # what the network that ships says of real panoramas bends more walls than flat ground and a wall do
    estimator = find_estimator(asked.depth or GROUND)
    width = largest_width(colours) if asked.own_size else config.width
    height = config.height * width // config.width
    name = Path(config.from_).stem
    opening = open_panorama(colours, height, width, name=name, estimator=estimator, prompt=asked.prompt, finer=1)
    assert opening.capture is not None
    return opening, {
        "format": "panorama",
        "pictures": 1,
        "views": len(opening.capture.frames),
        "size": [height, width],
        "notes": ["depth is estimated" if estimator else "depth is flat ground and a wall 9 m away all round"],
    }


def _from_log(config: CaptureConfig, path: Path) -> Path:
    check_writable(path)
    check_writable(path.with_suffix(".json"))
    opening, report = _converted(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_capture(path, opening)
    told = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path.with_suffix(".json"), lambda file: file.write(told.encode()))
    return path
