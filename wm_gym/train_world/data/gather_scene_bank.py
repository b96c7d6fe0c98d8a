"""`wm-gym gather-scene-bank`: captures of scenes of the training split, as a scene bank for retrieval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from wm_gym.backends.twin.capture import capture_place
from wm_gym.files.atomic import check_writable
from wm_gym.progress import progress_bar
from wm_gym.scenes.captures import save_capture
from wm_gym.scenes.families import DIFFICULTIES, PLAIN_FAMILIES
from wm_gym.train_world.data.splits import nth_seed
from wm_gym.world_model import Place


@dataclass
class GatherConfig:
    """The scenes that are captured.

    Attributes:
        output: Folder of the captures.
        count: Number of scenes, the families of one category in turn.
        first: Number of the first scene in the training split; recordings begin at 0.
        difficulty: Richness of the scenes: "simple", "medium" or "full".
        height: Rows of a keyframe, a multiple of those of the generated frames.
        width: Columns of a keyframe.
        keyframes: Keyframes of each scene; the nearest one to the camera matters most.
    """

    output: str = "outputs/scene_bank"
    count: int = 25
    first: int = 9000
    difficulty: str = "full"
    height: int = 192
    width: int = 256
    keyframes: int = 32

    def __post_init__(self) -> None:
        for name in ("count", "height", "width", "keyframes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.first < 0:
            raise ValueError(f"first must be at least 0, got {self.first}")
        if self.difficulty not in DIFFICULTIES:
            raise ValueError(f"difficulty must be one of {list(DIFFICULTIES)}, got {self.difficulty!r}")


def gather_scene_bank(config: GatherConfig) -> list[Path]:
    """Capture the scenes; returns their files. Files that exist are kept, so that a call can be resumed.

    Raises:
        ValueError: If the folder cannot be written to.
        RuntimeError: If an engine died or the disk is full; finished captures stay.
    """
    check_writable(config.output, is_folder=True)
    folder = Path(config.output)
    folder.mkdir(parents=True, exist_ok=True)
    places = [_place(config, number) for number in range(config.count)]
    paths = [folder / f"{place.family}-{place.seed}.npz" for place in places]
    for place, path in progress_bar(list(zip(places, paths, strict=True)), desc="capturing", unit="place"):
        if not path.exists():
            opening = capture_place(place, config.height, config.width, config.keyframes)
            save_capture(path, replace(opening, place=place))
    return paths


def _place(config: GatherConfig, number: int) -> Place:
    seed = nth_seed("train", config.first + number)
    return Place(PLAIN_FAMILIES[number % len(PLAIN_FAMILIES)], seed, config.difficulty)
