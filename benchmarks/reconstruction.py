"""Depth and moving things from colours alone, against the twin; films.py has films.

    wm-gym collect output=outputs/test split=test num_clips=60 steps=12 event_share=0 seed=11
    python benchmarks/reconstruction.py --frames outputs/test [--depth WEIGHTS] [--json PATH]

Of frames in the later halves of walks: AbsRel of depth from 0.3 to 20 m of each frame alone; of walks of known poses,
each frame beside earlier ones and after what was estimated of them (`walk`); the same where memory knows what frames
before it saw, a step apart (`hinted`); of the frames that walks begin with, and of the guess that opens pictures
without a network; IoU of the mask of what moves. `--pictures` is a folder for what is looked at.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image

from wm_gym.reconstruction.depth_weights import load_depth
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.depth.clips import DepthClip, read_depth_clips
from wm_gym.train_world.depth.scores import HeldOutDepth

SHIPPED = Path(__file__).parents[1] / "wm_gym" / "reconstruction" / "shipped" / "depth.safetensors"
MOST_CLIPS = 60


def main() -> None:
    """Print tables, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--depth", default=str(SHIPPED))
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    clips = read_depth_clips([Recordings(asked.frames)])
    figures = {"frames": frame_figures(clips, asked.depth, asked.pictures)}
    for table in figures.values():
        for row, values in table.items():
            print(f"{row:24s} " + "  ".join(f"{name} {value:.3f}" for name, value in values.items()))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


def frame_figures(clips: list[DepthClip], weights: str, pictures: Path | None) -> dict[str, dict[str, float]]:
    """Figures by family of places, and of all."""
    network, table = load_depth(Path(weights)), {}
    for family in [*dict.fromkeys(clip.family for clip in clips), ""]:
        own = [clip for clip in clips if clip.family == family or not family]
        score = HeldOutDepth(own, MOST_CLIPS)(network)
        table[family or "all"] = dict(score.figures)
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            Image.fromarray(score.strip).save(pictures / f"depth_{family or 'all'}.png")
    return table


if __name__ == "__main__":
    main()
