"""Scaling of the inpainter: held-out nats per code against compute, by size.

    wm-gym collect output=outputs/recordings/imagine num_clips=1600 seed=11
    wm-gym collect output=outputs/recordings/held split=test num_clips=48 seed=14
    python benchmarks/scaling.py --minutes 30 --json scaling.json --picture docs/scaling.png

Inpainters of each size are trained on the same batches at a constant learning rate, and their moving averages are
scored on the same held-out frames, so every point of a curve is a run that could have stopped there. They take turns of
`--slice` minutes, so that the machine's load is the same for all; an interrupted run is resumed.

JSON keys: `fits`: a straight line through the logarithms of the best of all curves; `sizes`: rows of
 - `name`, `parameters`, `gflop_per_step`: counted by torch on one step, forward and back;
 - `points`: `step`, `minutes` of training, `pflop`, `depth_nats`, `colour_nats` of held-out codes.
The fit is of the least `colour_nats` that any size has at a compute, over the last decade of it: `slope` of log nats by
log compute, and its extrapolation to ten and a hundred times the compute.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from wm_gym.completion.inpainter import Inpainter
from wm_gym.train_world.inpainting.batches import draw_batch
from wm_gym.train_world.inpainting.objective import inpainting_loss
from wm_gym.train_world.inpainting.preparing import FrameSources, prepare_training_frames
from wm_gym.train_world.inpainting.sizes import SHAPES, inpainter_of, learning_rate_of
from wm_gym.train_world.inpainting.training_frames import TrainingFrames
from wm_gym.train_world.loop_config import ENDLESS_STEPS
from wm_gym.train_world.recipes.inpainter import FitConfig, InpainterTrainConfig, inpainter_recipe
from wm_gym.train_world.trainer import train

FITTED_DECADES = 1.0
TIMES = {"colour_nats_at_10_times": 10, "colour_nats_at_100_times": 100}
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44")


def config_of(size: str, height: int, width: int, folder: Path, minutes: float) -> InpainterTrainConfig:
    """A run of one size that stops after so many minutes in all, at a constant learning rate."""
    inpainter = inpainter_of(size, height, width)
    return InpainterTrainConfig(
        output=str(folder / f"{size}_{height}x{width}"), steps=ENDLESS_STEPS, constant_share=1.0, inpainter=inpainter,
        learning_rate=learning_rate_of(inpainter), report_steps=100, most_minutes=minutes, average_decay=0.995,
        fit=FitConfig(training_frames=1500, patches=60_000, rounds=12),
    )  # fmt: skip


def gflop_per_step(config: InpainterTrainConfig, training_frames: TrainingFrames) -> float:
    """GFLOP of one step of training, by torch's own count."""
    inpainter = Inpainter(config.inpainter)
    batch = draw_batch(training_frames, config.inpainter, config.augmentation, config.batch, config.seed, 0)
    with FlopCounterMode(display=False) as counter:
        inpainting_loss(inpainter, batch, config.objective)[0].backward()
    return counter.get_total_flops() / 1e9


def points_of(folder: Path, gflop: float) -> list[dict[str, float]]:
    """The scores that a run has logged."""
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [
        {
            "step": row["step"],
            "minutes": row["minutes"],
            "pflop": row["step"] * gflop / 1e6,
            "depth_nats": row["held_depth_nats"],
            "colour_nats": row["held_colour_nats"],
        }
        for row in rows
    ]


def fit(sizes: list[dict[str, Any]]) -> dict[str, float]:
    """A straight line through the logarithms of the best curve's last decade, and its extrapolation."""
    best = sorted((point["pflop"], point["colour_nats"]) for size in sizes for point in size["points"])
    compute, nats = np.array(best).T
    nats = np.minimum.accumulate(nats)
    late = compute >= compute[-1] / 10**FITTED_DECADES
    slope, offset = np.polyfit(np.log(compute[late]), np.log(nats[late]), 1)
    at = {name: float(np.exp(offset + slope * np.log(compute[-1] * times))) for name, times in TIMES.items()}
    return {"slope": float(slope), "pflop": float(compute[-1]), "colour_nats": float(nats[-1])} | at


def draw(sizes: list[dict[str, Any]], path: Path) -> None:
    """Both nats by compute, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(9, 3.6), constrained_layout=True)
    for panel, name in zip(panels, ("depth_nats", "colour_nats"), strict=True):
        for size, colour in zip(sizes, COLOURS * 2, strict=False):
            points = [point for point in size["points"] if point["minutes"] > 0.5]
            label = f"{size['name']} ({size['parameters'] / 1e6:.1f} M)"
            panel.loglog([p["pflop"] for p in points], [p[name] for p in points], color=colour, label=label)
        panel.set_xlabel("PFLOP of training")
        panel.set_title(f"held-out {name.replace('_', ' ')}", fontsize=10)
        panel.grid(which="both", alpha=0.3)
        for which in (panel.yaxis.set_major_formatter, panel.yaxis.set_minor_formatter):
            which("{x:g}")
    panels[0].legend(fontsize=8)
    figure.savefig(path, dpi=90)


def main() -> None:
    """Train in turns, then print, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", nargs="+", default=["outputs/recordings/imagine"])
    parser.add_argument("--held-out", default="outputs/recordings/held")
    parser.add_argument("--clips", type=int, default=0, help="most clips of each folder; 0 for all")
    parser.add_argument("--passes", type=int, default=4)
    parser.add_argument("--sizes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--frames", default="48x64", metavar="HxW", help="size of the recordings")
    parser.add_argument("--minutes", type=float, default=30.0, help="of each size; 0: only draw earlier runs")
    parser.add_argument("--slice", type=float, default=5.0, help="minutes of a turn")
    parser.add_argument("--folder", type=Path, default=Path("outputs/scaling"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path, help="of the curves, .png")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    height, width = (int(number) for number in asked.frames.split("x"))
    sources = FrameSources(
        recordings=asked.recordings, held_out=asked.held_out, most_clips=asked.clips, passes=asked.passes
    )
    training_frames, held_out = prepare_training_frames(sources, inpainter_of(asked.sizes[0], height, width))
    for minutes in np.arange(asked.slice, asked.minutes + 1e-6, asked.slice).tolist():
        for size in asked.sizes:
            train(inpainter_recipe(config_of(size, height, width, asked.folder, minutes), training_frames, held_out))
    sizes = [row(config_of(size, height, width, asked.folder, 0.0), size, training_frames) for size in asked.sizes]
    figures = {"sizes": sizes, "fits": fit(sizes)}
    for size in sizes:
        print(size["name"], size["points"][-1])
    print(figures["fits"])
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n")
    if asked.picture:
        draw(sizes, asked.picture)


def row(config: InpainterTrainConfig, size: str, training_frames: TrainingFrames) -> dict[str, Any]:
    """Figures of one size."""
    gflop = gflop_per_step(config, training_frames)
    return {
        "name": size,
        "parameters": sum(p.numel() for p in Inpainter(config.inpainter).parameters()),
        "gflop_per_step": gflop,
        "points": points_of(Path(config.output), gflop),
    }


if __name__ == "__main__":
    main()
