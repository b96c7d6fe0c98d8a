"""`wm-gym eval-generation`: what a backend generates along scripted walks, beside the twin at the same poses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wm_gym.backends.registry import BACKENDS, load_backend
from wm_gym.choices import check_choice, find_class
from wm_gym.evaluation.generation.columns import BATCH, COLUMNS, maker_of, pieces_of
from wm_gym.evaluation.generation.evaluating import LEAST_PIECES, Report, evaluate_generation
from wm_gym.evaluation.generation.features import Features, LiteFeatures
from wm_gym.evaluation.generation.report import write_report
from wm_gym.evaluation.scripted_walks import FIRST_PLACE, Scene, choose_walks, record, walk_in
from wm_gym.evaluation.trajectories import Trajectory
from wm_gym.files.atomic import check_writable
from wm_gym.progress import progress_bar
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.world.world import World
from wm_gym.world_model import ModelSpec, WorldModel


@dataclass
class EvalGenerationConfig:
    """Who generates, along which walks, and where the report goes.

    Attributes:
        backend: Who makes the frames.
        backend_settings: The backend's own, such as the path of its weights.
        columns: "grounded" opens on keyframes of the place, "cold" on one chunk of it; "hints_hidden" is grounded, but
            the backend is shown nothing of memory or plans; "cold_alone" is cold, with neither retrieved scenes nor
            plans.
        walks: Outbound paths through held-out places, families in turn. Distances by chunk take many.
        chunks: Chunks of each walk.
        seeds: How often each walk is generated.
        window: Chunks that a window of the curves holds.
        first_place: Number of the first place among those for testing; as many places again follow, whose true frames
            tell how far true frames are from true ones.
        height: Rows of a frame.
        width: Columns of a frame.
        finer: Keyframe scale.
        output: Folder of the report: a folder for each kind of opening, with page, figures and sheets.
        json: Path of all figures in one file; empty for none.
    """

    backend: str = "video"
    backend_settings: dict[str, Any] = field(default_factory=dict)
    columns: list[str] = field(default_factory=lambda: list(COLUMNS))
    walks: int = 20
    chunks: int = 16
    seeds: int = 2
    window: int = 4
    first_place: int = FIRST_PLACE
    height: int = 48
    width: int = 64
    finer: int = FINER
    output: str = "outputs/generation"
    json: str = ""

    def __post_init__(self) -> None:
        least = {"walks": LEAST_PIECES, "chunks": 1, "seeds": 1, "window": 1, "first_place": 0, "finer": 1}
        for name, value in least.items():
            if getattr(self, name) < value:
                raise ValueError(f"{name} must be at least {value}, got {getattr(self, name)}")
        if not self.columns:
            raise ValueError(f"columns must be among {list(COLUMNS)}, got none")
        for column in self.columns:
            check_choice("column", column, COLUMNS)


def eval_generation(config: EvalGenerationConfig, features: Features | None = None) -> dict[str, Report]:
    """Walk, measure and report; returns the report of each kind of opening.

    Args:
        config: What is asked for.
        features: Of frames; None: those of EfficientNet-Lite0.

    Raises:
        ValueError: If there is no such backend, it takes no guidance, or a folder cannot be written to.
        ImportError: If ViZDoom, or the package of EfficientNet-Lite0 where it is needed, is not installed.
    """
    output = Path(config.output)
    check_writable(output, is_folder=True)
    if config.json:
        check_writable(config.json, name="json")
    find_class("backend", config.backend, BACKENDS)
    features = features or LiteFeatures.load()
    model = load_backend(config.backend, config.height, config.width, **config.backend_settings)
    _check_guidance(config, model)
    scenes, others = _recorded(config, model.spec)
    reports = {}
    for opens in dict.fromkeys(COLUMNS[name].opens for name in config.columns):
        named = {name: COLUMNS[name] for name in config.columns if COLUMNS[name].opens == opens}
        makers = {name: maker_of(column, model, scenes) for name, column in named.items()}
        reports[opens] = evaluate_generation(
            makers, pieces_of(opens, scenes, others), range(config.seeds), config.chunks,
            window=config.window, features=features,
        )  # fmt: skip
        write_report(output / opens, f"{config.backend}, opened {opens}", reports[opens])
    if config.json:
        Path(config.json).write_text(json.dumps(_joined(output, list(reports)), indent=1) + "\n", encoding="utf-8")
    return reports


def _check_guidance(config: EvalGenerationConfig, model: WorldModel[Any]) -> None:
    hidden = [name for name in config.columns if not COLUMNS[name].shows_hints]
    if hidden and not model.spec.takes_guidance:
        raise ValueError(f"columns must be without {hidden} for backend {config.backend!r}, which takes no guidance")


def _recorded(config: EvalGenerationConfig, spec: ModelSpec) -> tuple[list[Scene], list[Trajectory]]:
    """Scenes of the walks, and the twin's walks through as many other places."""
    from wm_gym.backends.twin.model import TwinModel

    sizes = [(scale * config.height, scale * config.width) for scale in (1, config.finer)]
    twin, close = (World(TwinModel.create(*size)) for size in sizes)
    planned = choose_walks(2 * config.walks, config.chunks, twin.spec, loops=False, first_place=config.first_place)
    scenes: list[Scene] = []
    others: list[Trajectory] = []
    try:
        for first in progress_bar(range(0, config.walks, BATCH), desc="twin", unit="batch"):
            part = slice(first, min(first + BATCH, config.walks))
            scenes += record(spec, twin, close, planned[: config.walks][part])
            others += walk_in(twin, planned[config.walks :][part])
    finally:
        twin.close()
        close.close()
    return scenes, others


def _joined(output: Path, kinds: list[str]) -> dict[str, Any]:
    """All figures under the names of their openings."""
    told = {opens: json.loads((output / opens / "generation.json").read_text(encoding="utf-8")) for opens in kinds}
    return {f"{opens}/{name}": value for opens, figures in told.items() for name, value in figures.items()}
