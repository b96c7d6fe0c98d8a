"""Training over several processes: bytes of cache per rank, what the exchange costs, and the pipelined schedule.

    python benchmarks/distributed.py --json distributed.json --picture docs/pipeline.png
    python benchmarks/distributed.py --ray          # scorers in processes of their own too, by the extra `distributed`

Ranks are processes on this machine that talk by gloo: what they cost beside one process is an upper bound of what
tokens split over several devices cost, and no processor's time is won.

JSON keys: `machine`; `cache`: `bytes_alone`, `bytes_of_ranks`, `ms_alone`, `ms_of_ranks` of one pass of the generator;
`schedule`: rows of `micro_batches`, `critic_steps`, `speed_up` over no pipeline, `bubbles` of all devices, and
`stable_bubbles` where only the generator learns; `ratios`: `stable_bubbles` by devices of the generator; `executor`:
`speed_up` of stages that sleep as long as the paper's ratio says, and its `overhead` over the simulated length; `ray`:
`call_ms` of a teacher's score in another process, beside `local_ms`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from machine import machine, machine_line
from PIL import Image, ImageDraw

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.train_world.distributed.pipeline import run
from wm_gym.train_world.distributed.schedule import (
    RATIO,
    Durations,
    Timeline,
    generator_step,
    simulate,
    simulate_round,
)
from wm_gym.train_world.distributed.scoring import LocalScorer
from wm_gym.train_world.distributed.ulysses import split_tokens
from wm_gym.train_world.video.batches import Batch

RANKS, LENGTH, ROUNDS = 2, 4, 10
CONFIG = VideoConfig(height=48, width=64, latents_per_chunk=LENGTH, cache_update="last")
MICRO_BATCHES = 7  # figure 3
SECONDS_PER_PASS = 0.05
COLOURS = {"forward": "#4477aa", "backward": "#88bbdd", "critic": "#ee6677", "teacher": "#228833"}


def blank(network: VideoNetwork) -> tuple[torch.Tensor, FrameMetadata, Conditioning]:
    """A chunk of nothing, as the generator takes it."""
    config, shape, tokens = network.transformer.config, network.latent_shape, CONFIG.grid[0] * CONFIG.grid[1]
    times = torch.arange(LENGTH).expand(1, LENGTH)
    conditioning = Conditioning(
        torch.zeros(1, LENGTH, network.codec.hint_channels, *shape[1:]),
        network.encode_prompts(["A street."]),
        torch.zeros(1, LENGTH, tokens, config.camera_dim or 0),
        torch.zeros(1, LENGTH, config.action_dim or 0),
    )
    return torch.zeros(1, LENGTH, *shape), FrameMetadata.of_chunk(times, 1.0, Role.TARGET), conditioning


@torch.no_grad()
def measured_pass(is_split: bool) -> dict[str, float]:
    """Bytes that one chunk adds to the cache of this process, and the least milliseconds of a pass."""
    torch.manual_seed(0)
    network = VideoNetwork(CONFIG)
    network = split_tokens(network) if is_split else network
    given = blank(network)
    new_kv = network(*given)[1]
    return {
        "bytes": new_kv.keys.nbytes + new_kv.values.nbytes,
        "ms": least_ms(lambda: network(*given)),
    }


def least_ms(call: Callable[[], object]) -> float:
    """Least milliseconds of some calls: on a shared machine others only add."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return 1000 * min(seconds)


def measured_rank(rank: int, folder: str) -> None:
    """`measured_pass` in one of the ranks, written to a file."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=RANKS)
    torch.save(measured_pass(True), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


def cache_figures() -> dict[str, Any]:
    """Bytes and milliseconds of one process and of ranks that split its tokens."""
    alone = measured_pass(False)
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(measured_rank, (folder,), nprocs=RANKS)  # type: ignore[attr-defined]
        ranks = [torch.load(Path(folder) / f"{rank}.pt") for rank in range(RANKS)]
    return {
        "bytes_alone": alone["bytes"],
        "bytes_of_ranks": [rank["bytes"] for rank in ranks],
        "ms_alone": alone["ms"],
        "ms_of_ranks": max(rank["ms"] for rank in ranks),
    }


def schedule_figures(durations: Durations) -> list[dict[str, float]]:
    """Pipelined against unpipelined, by micro-batches and steps of the critic for one of the generator."""
    rows = []
    for micro_batches in (MICRO_BATCHES, 20):
        for critic_steps in (0, 1, 5):
            plain, piped = (simulate_round(durations, micro_batches, critic_steps, k) for k in (1, 2))
            row = {"micro_batches": micro_batches, "critic_steps": critic_steps}
            row |= {"speed_up": plain.length / piped.length, "bubbles": piped.bubbles(RATIO)}
            if not critic_steps:
                row["stable_bubbles"] = piped.bubbles(RATIO, *piped.stable_phase())
            rows.append(row)
    return rows


def ratio_figures() -> dict[str, float]:
    """Bubbles of the stable phase by devices of the generator, beside one each of critic and teacher."""
    figures = {}
    for count in (2, 3, 4, 5, 8):
        devices = RATIO | {"generator": count}
        piped = simulate(generator_step(MICRO_BATCHES), Durations.of_passes(devices))
        figures[f"{count}:1:1"] = piped.bubbles(devices, *piped.stable_phase())
    return figures


def executor_figures(durations: Durations) -> dict[str, float]:
    """The executor with stages that sleep: what it adds to the simulated length, and what the pipeline saves."""

    def sleeping(what: str) -> Callable[[int], None]:
        return lambda _: time.sleep(getattr(durations, what) * SECONDS_PER_PASS)

    stages = {what: sleeping(what) for what in vars(durations)}
    plain, piped = (run(generator_step(MICRO_BATCHES, k), stages).length for k in (1, 2))
    simulated = simulate(generator_step(MICRO_BATCHES), durations).length * SECONDS_PER_PASS
    return {"speed_up": plain / piped, "overhead": piped / simulated - 1}


def ray_figures() -> dict[str, float]:
    """Milliseconds of a score in this process and in another."""
    from wm_gym.train_world.distributed.ray_scoring import RayScorer

    network = VideoNetwork(CONFIG)
    noisy, metadata, conditioning = blank(network)
    frames = torch.zeros(1, LENGTH, 5 * CONFIG.frames_per_latent, CONFIG.height, CONFIG.width)
    hints = torch.zeros(1, LENGTH, 8 * CONFIG.frames_per_latent, CONFIG.height, CONFIG.width)
    steering, prompts = (conditioning.camera, conditioning.action), ["A street."] * LENGTH
    batch = Batch(frames, hints, *steering, metadata.time, frames[:, 0, :5], prompts)
    local, other = LocalScorer(network), RayScorer("teacher", network)
    other.score(noisy, metadata.sigma, batch)
    figures = {
        "local_ms": least_ms(lambda: local.score(noisy, metadata.sigma, batch)),
        "call_ms": least_ms(lambda: other.score(noisy, metadata.sigma, batch)),
    }
    other.close()
    return figures


def draw(panels: dict[str, Timeline], path: Path) -> None:
    """One panel for each timeline: rows of generator, critic and teacher, with the numbers of micro-batches."""
    scale, row, left, above = 24, 20, 84, 22
    height = (3 * row + above + 14) * len(panels)
    width = left + int(max(timeline.length for timeline in panels.values()) * scale) + 10
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    for number, (title, timeline) in enumerate(panels.items()):
        top = number * height // len(panels)
        pen.text((left, top + 5), title, "black")
        for k, who in enumerate(RATIO):
            y = top + above + k * row
            pen.text((8, y + 4), f"{who} x{RATIO[who]}", "black")
            pen.rectangle((left, y, left + timeline.length * scale, y + row - 3), "#eeeeee")
            for span in (span for span in timeline.spans if span.task.who == who):
                box = (left + span.begin * scale, y, left + span.end * scale - 1, y + row - 3)
                pen.rectangle(box, COLOURS.get(span.task.what, COLOURS.get(who)))
                pen.text((box[0] + 3, y + 4), str(span.task.micro_batch + 1), "white")
    picture.save(path)


def main() -> None:
    """Measure, simulate, print, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ray", action="store_true", help="measure a scorer in a process of its own")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path, help="of the schedule, .png")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    durations = Durations.of_passes()
    figures: dict[str, Any] = {"machine": machine(), "cache": cache_figures()}
    figures |= {"schedule": schedule_figures(durations), "ratios": ratio_figures()}
    figures |= {"executor": executor_figures(durations)} | ({"ray": ray_figures()} if asked.ray else {})
    print(machine_line())
    print(json.dumps({name: value for name, value in figures.items() if name != "machine"}, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))
    if asked.picture:
        steps = {"no pipeline: 28 units of one pass": 1, "pipelined: 16 units, two micro-batches in flight": 2}
        draw(
            {title: simulate(generator_step(MICRO_BATCHES, k), durations) for title, k in steps.items()}, asked.picture
        )


if __name__ == "__main__":
    main()
