"""Fidelity of a generated world to the twin, against baselines without a model.

    python benchmarks/fidelity.py --json fidelity.json

Walks: 20 loops and 20 outbound paths (`--walks` of each) of 64 chunks of 4 frames, through held-out places (numbers of
the split "test", which end in 9) of all five families at full difficulty. A loop returns to the exact pose of its
opening by chunk 60, waits, and repeats its first 4 chunks: its return. Each walk starts with one chunk of ground truth,
a turn in place that ends with the opening frame. Worlds open grounded, on 32 keyframes of the place (that frame, and 31
taken around the start), or cold, on that chunk of ground truth alone (4 frames with depth); the keyframe scale is
`--finer`, and the model opens on keyframes downsampled to frames. From then on a world is given only its own frames,
depth and masks at the poses of the walk.

Rows: the model; `hint_only`, the backend `memory_only` (hints; holes get the colour of the nearest seen pixel, and no
depth); `no_memory`, the same model with blank hints, which completion fills (the same for grounded and cold);
`no_hints`, the same model without hints of either memory or completion; `repeat`, the last true frame repeated. Next
chunks are scored after openings at 4 frames of every walk (`--starts`), grounded and cold: the walk's own frame there
is the first keyframe, with its moving objects, and both kinds of opening have the 3 context frames before it.

PSNR is taken per frame and averaged over frames; frames with under 1 % of pixels to score are left out. A *known* pixel
is static and shows, by the twin's depth, a surface (or sky) that a keyframe of the opening showed. An *unseen* pixel is
one where the opening's memory shows nothing.

JSON keys. Without prefix: grounded; `cold_`: cold. Then the row, then the figure; the model's row has no name. Figures
of whole walks of the model and the twin are given for each family too: `rooms_structure`, `cold_rooms_structure` etc.
 - `preset_hash`: of weights, resolution, steps and settings of the loop.
 - `next_chunk_psnr_db`, `next_chunk_unseen_psnr_db`; of the other rows `ROW_psnr_db`, `ROW_unseen_psnr_db`: next chunk,
   all pixels and unseen ones. `unseen_share`: of its pixels. `moving_iou`: intersection over union of all moving masks.
 - `seed_diversity_db`, `seed_agreement_db`: PSNR between two seeds' next chunks where nothing was seen, and elsewhere.
 - `known_psnr_db`, `psnr_by_chunk_db`: lists by chunk of the closed loop, known pixels and all. `known_share`.
   `known_loss_db`: chunk 8 less the last.
 - `loop_closure_drop_db`: PSNR to the twin on known pixels, first visit (`loop_closure_first_psnr_db`) less return
   (`loop_closure_return_psnr_db`). `loop_closure_self_psnr_db`: return against the world's own first visit, at the same
   poses, without pixels that move in the twin (`loop_closure_self_all_psnr_db`: with them).
 - `loop_closure_sharpness_ratio`: gradient energy of the return over the twin's; `sharpness_ratio`: that of the last
   4 chunks of all walks; `sharpness_all_ratio`: of all chunks.
 - `depth_absrel`: |error| / depth, closed loop, where the twin's depth is 0.3 to 20 m and the world gives one;
   `depth_absrel_static`: without pixels that move in either; `depth_absrel_known`: known pixels only.
   `depth_known_share`: share of pixels for which the world gives a depth.

Imagined frames are scored on outbound paths alone, over chunks 8 to the last (`twin_`: a row of the twin's own frames,
since not even the ground truth reaches 1 or 0 in all of these):
 - `structure`: share of frames that pass the realism classifier, which is trained on the twin's frames and corrupted
   ones, and is never a training objective of the model. Its threshold passes 95 % of the twin's frames of other walks;
   of these, which come nearer to bare walls, it passes `twin_structure`. It sees single frames, so `repeat` passes too.
 - `outbound_sharpness_ratio`: gradient energy over the twin's. `outbound_sharpness_last_ratio`: of the last 4 chunks.
 - `depth_self_absrel`: the depth of each chunk's last frame (static, known, below 0.9 of the far value) is reprojected
   to the pose of the next chunk's last frame, one pixel per point, the nearest kept: |z - d| / d with d the depth given
   there (known, static; sky counts), over all such pixels. `depth_self_median_absrel`: each frame's median, averaged.
 - `moving_track_length` (of all walks): frames for which an object of at least 12 pixels that moves in the opening
   frame can be tracked in the moving masks, at most 64; in each frame it must overlap its last mask (dilated by 2
   pixels) and have half to twice its area. Where the twin's object leaves the image, counting ends for both.
   `moving_track_ratio`: over the twin's. `twin_moving_tracks_per_walk`: number of such objects.
   `steady_track_length`, `steady_track_ratio`: the same, but compensated for the camera's own motion (at the object's
   median depth); otherwise turns would lose narrow objects, in the twin too.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from tqdm import tqdm

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.backends.twin.model import TwinModel
from wm_gym.backends.video.model import VideoModel
from wm_gym.completion.pipeline import Completion
from wm_gym.evaluation.accumulator import Accumulator, Figures, with_prefix
from wm_gym.evaluation.known import known_pixels
from wm_gym.evaluation.overrides import ConditionOverride, HiddenMemory, hide_hints
from wm_gym.evaluation.preset import preset_hash
from wm_gym.evaluation.realism import RealismClassifier
from wm_gym.evaluation.scores import score_loop, score_next_chunk, score_outbound, score_seeds, score_tracks
from wm_gym.evaluation.scripted_walks import RETURN_CHUNKS, Scene, choose_walks, record
from wm_gym.evaluation.strips import save_sheet, save_video
from wm_gym.evaluation.trajectories import Trajectory, follow, open_cold, open_grounded, repeat, unseen_pixels
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import PLAIN_FAMILIES
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.world.guiding import completion_for
from wm_gym.world.world import World
from wm_gym.world_model import Opening

BATCH = 8
OPENINGS = {"": open_grounded, "cold_": open_cold}
Rows = dict[str, World]
Tallies = defaultdict[str, Accumulator]


def score_next(tallies: Tallies, scenes: Sequence[Scene], rows: Rows, starts: int) -> None:
    """Next chunks after openings at several frames of each walk."""
    truths, seeds = [scene.truth for scene in scenes], [scene.place.seed for scene in scenes]
    count = truths[0].spec.frames_per_step
    for at in np.linspace(0, truths[0].num_chunks - 1, starts).astype(int):
        frame = count * (int(at) + 1) - 1
        nexts = [truth.part(frame + 1, frame + 1 + count) for truth in truths]
        for prefix, open_at in OPENINGS.items():
            openings = [open_at(scene.opening, scene.close, frame) for scene in scenes]
            unseen = unseen_pixels(openings, truths, frame)
            made = {row: follow(world, openings, truths, frame, 1, seeds) for row, world in rows.items()}
            made["repeat_"] = [repeat(truth, frame, count) for truth in truths]
            for row, walks in made.items():
                for one, truth, mask in zip(walks, nexts, unseen, strict=True):
                    score_next_chunk(tallies[prefix + (row or "next_chunk_")], one, truth, mask)
            if "" in rows:
                others = follow(rows[""], openings, truths, frame, 1, [seed + 1 for seed in seeds])
                for one, other, mask in zip(made[""], others, unseen, strict=True):
                    score_seeds(tallies[prefix], one, other, mask)


def score_closed(
    tallies: Tallies, scenes: Sequence[Scene], rows: Rows, classifier: RealismClassifier, progress: tqdm
) -> Iterator[tuple[str, list[dict[str, Trajectory]]]]:
    """Score whole walks in closed loop; yields, for each kind of opening, the walks of every row."""
    frame, chunks = scenes[0].truth.spec.frames_per_step - 1, scenes[0].truth.num_chunks
    truths, seeds = [scene.truth for scene in scenes], [scene.place.seed for scene in scenes]
    rest = [truth.part(frame + 1, len(truth.body_poses)) for truth in truths]
    made: dict[str, list[Trajectory]] = {}
    score_imagined(tallies, "twin_", rest, truths, classifier, by_family=True)
    for prefix, open_at in OPENINGS.items():
        openings = [open_at(scene.opening, scene.close, frame) for scene in scenes]
        known = [known_pixels(t, _capture(o)) for t, o in zip(rest, openings, strict=True)]
        for row, world in rows.items():
            progress.set_postfix_str(f"{prefix or 'grounded_'}{row or 'model'}")
            if row not in made or row not in ("no_memory_", "no_hints_"):  # to it, both openings are the same
                made[row] = follow(world, openings, truths, frame, chunks, seeds)
            progress.update(len(scenes))
        made["repeat_"] = [repeat(truth, frame, len(r.body_poses)) for truth, r in zip(truths, rest, strict=True)]
        for row, walks in made.items():
            for one, truth, mask in zip(walks, rest, known, strict=True):
                scored = Accumulator()
                score_loop(scored, one, truth, mask, RETURN_CHUNKS)
                include(tallies, prefix + row, truth.family if not row else None, scored)
            score_imagined(tallies, prefix + row, walks, truths, classifier, by_family=not row)
        yield prefix, [{"truth": rest[n]} | {row: walks[n] for row, walks in made.items()} for n in range(len(scenes))]


def score_imagined(
    tallies: Tallies,
    prefix: str,
    walks: Sequence[Trajectory],
    truths: Sequence[Trajectory],
    classifier: RealismClassifier,
    *,
    by_family: bool,
) -> None:
    """Score whole walks against the twin's, which begin with context frames; for each family too, if `by_family`."""
    for one, truth in zip(walks, truths, strict=True):
        first = truth.spec.frames_per_step
        rest, scored = truth.part(first, len(truth.body_poses)), Accumulator()
        score_tracks(scored, one, rest, truth.part(first - 1, first))
        if not truth.is_loop:
            score_outbound(scored, one, rest, classifier)
        include(tallies, prefix, truth.family if by_family else None, scored)


def include(tallies: Tallies, prefix: str, family: str | None, scored: Accumulator) -> None:
    """Add the scores of one walk to those under a prefix, and to those of its family if one is given."""
    tallies[prefix].include(scored)
    if family is not None:
        tallies[f"{prefix}{family}_"].include(scored)


def _capture(opening: Opening):
    assert opening.capture is not None
    return opening.capture


def draw(asked: argparse.Namespace, number: int, prefix: str, shown: dict[str, Trajectory]) -> None:
    """Write a sheet of each family's first loop and outbound path, and a video of each family's first walk."""
    truth = shown["truth"]
    name = f"{'cold' if prefix else 'grounded'}_{truth.family}_{'loop' if truth.is_loop else 'out'}"
    strips = {"truth": truth, "memory": shown["hint_only_"]} | ({"generated": shown[""]} if "" in shown else {})
    if asked.sheets and number < 2 * len(PLAIN_FAMILIES):
        save_sheet(asked.sheets / f"{name}.png", strips)
    if asked.films and number < len(PLAIN_FAMILIES):
        save_video(asked.films / f"{name}.mp4", strips)


def figures_of(tallies: Tallies) -> Figures:
    """All figures under their flat names."""
    flat: Figures = {}
    for prefix, accumulator in tallies.items():
        flat |= with_prefix(prefix, accumulator.figures())
    for prefix in OPENINGS:  # figures of masks and seen pixels are named for the model
        for name in ("moving_iou", "unseen_share"):
            if (value := flat.pop(f"{prefix}next_chunk_{name}", None)) is not None:
                flat[f"{prefix}{name}"] = value
    for name, known in list(flat.items()):
        if name.endswith("known_psnr_db") and isinstance(known, list) and len(known) >= 8:
            flat[name.replace("known_psnr_db", "known_loss_db")] = known[7] - known[-1]
    return flat


def report(flat: Mapping[str, Any]) -> None:
    """Print all figures by opening; lists at chunks 1, 8, 32 and the last."""
    for prefix in OPENINGS:
        print("cold" if prefix else "grounded")
        for name, value in flat.items():
            if name.startswith("cold_") != bool(prefix) or isinstance(value, (str, int)):
                continue
            if isinstance(value, list):
                picks = [k for k in (0, 7, 31, len(value) - 1) if k < len(value)]
                print(f"  {name:44s}" + "  ".join(f"chunk {k + 1}: {value[k]:.2f}" for k in picks))
            else:
                print(f"  {name:44s}{value:8.3f}")


def main() -> None:
    """Measure, print a table, write the figures, the sheets and the videos."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="of the video model; without, those that are shipped")
    parser.add_argument("--num-steps", type=int, help="denoising steps; without, the weights' own")
    parser.add_argument("--size", default="48x64", metavar="HxW")
    parser.add_argument("--walks", type=int, default=20, help="of each kind, loops and outbound paths")
    parser.add_argument("--chunks", type=int, default=64)
    parser.add_argument("--starts", type=int, default=4, help="openings for next chunks along each walk")
    parser.add_argument("--finer", type=int, default=FINER, help="keyframe scale")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="that networks compute in")
    parser.add_argument("--quick", action="store_true", help="4 walks of each kind, 24 chunks")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sheets", type=Path, help="folder for contact sheets")
    parser.add_argument("--films", type=Path, help="folder for videos")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    height, width = (int(number) for number in asked.size.split("x"))
    size = height, width
    count, chunks = (8, 24) if asked.quick else (2 * asked.walks, asked.chunks)
    video = VideoModel.create(*size, weights=asked.weights, num_steps=asked.num_steps, dtype=asked.dtype)
    twin, close_twin = (World(TwinModel.create(times * height, times * width)) for times in (1, asked.finer))
    rows = {
        "hint_only_": World(MemoryOnlyModel.create(*size)),
        "": World(video),
        "no_memory_": World(video, completion=HiddenMemory(completion_for(video.spec))),
        "no_hints_": World(ConditionOverride(video, hide_hints), completion=Completion()),
    }
    planned, tallies, classifier = (
        choose_walks(count, chunks, twin.spec),
        Tallies(Accumulator),
        RealismClassifier.load(),
    )
    with progress_bar(total=count * len(rows) * len(OPENINGS), desc="worlds", smoothing=0) as progress:
        for first in range(0, count, BATCH):
            progress.set_postfix_str("twin")
            scenes = record(video.spec, twin, close_twin, planned[first : first + BATCH])
            progress.set_postfix_str("next chunks")
            score_next(tallies, scenes, rows, asked.starts)
            for prefix, shown in score_closed(tallies, scenes, rows, classifier, progress):
                for n, walks in enumerate(shown):
                    draw(asked, first + n, prefix, walks)
    flat: dict[str, Any] = {"preset_hash": preset_hash(rows[""]), "walks": count, **figures_of(tallies)}
    report(flat)
    print(f"preset {flat['preset_hash']}")
    if asked.json:
        asked.json.write_text(json.dumps(flat, indent=2) + "\n")
    for world in (twin, close_twin, *rows.values()):
        world.close()


if __name__ == "__main__":
    main()
