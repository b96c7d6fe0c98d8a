"""Gradients of a student's rollout chunk by chunk beside those of one graph, by the number of chunks.

    python benchmarks/chunkwise.py [--chunks 4 16 64] [--json PATH]

The shipped video model, rolled out through a world of 48 x 64. For each number of chunks: megabytes that graphs keep at
once, chunk by chunk and in one graph; the largest difference between the two gradients over the largest gradient; and
seconds of processor time of both.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.weights import SHIPPED, load_weights
from wm_gym.completion.pipeline import Completion
from wm_gym.entities.drawing import EventDrawing
from wm_gym.progress import progress_bar
from wm_gym.scenes.named import open_named
from wm_gym.train_world.distilling.given import Given
from wm_gym.train_world.distilling.recording import RecordedChunk, RecordedModel, backward_by_chunk, rolled_out
from wm_gym.world.world import World


class Kept:
    """A tensor that a graph keeps; counts the bytes of all of them.

    Attributes:
        now: Bytes that are kept.
        most: Most bytes that were kept at once.
    """

    now = most = 0

    def __init__(self, tensor: Tensor) -> None:
        """Count it."""
        self.tensor = tensor
        Kept.now += tensor.nbytes
        Kept.most = max(Kept.most, Kept.now)

    def __del__(self) -> None:
        Kept.now -= self.tensor.nbytes


def rolled(network: VideoNetwork, count: int) -> list[RecordedChunk]:
    """All chunks of a walk of `count` steps."""
    model = RecordedModel(network, count)
    world = World(model, completion=Completion(), drawing=EventDrawing())
    state, _ = world.start([open_named(model.spec, "city/9", 0, "full", 1)], [1])
    twist = np.tile([0.3, 0.0, 0.6, 0.0], (1, model.spec.frames_per_step, 1))
    return rolled_out(world, model, state, [twist] * count)[1]


def target(latents: Tensor, given: Given) -> Tensor:
    """Some loss."""
    return (latents - 0.3).square().mean()


def in_one_graph(network: VideoNetwork, chunks: list[RecordedChunk], loss: Callable[..., Tensor]) -> None:
    """The gradient of the mean loss, all graphs at once."""
    torch.stack([loss(chunk.run(network), chunk.given) for chunk in chunks]).mean().backward()


def measured(network: VideoNetwork, backward: Callable[..., object], chunks: list[RecordedChunk]) -> tuple:
    """Megabytes, seconds and the gradient of one way."""
    network.zero_grad(set_to_none=True)
    Kept.now = Kept.most = 0
    began = time.process_time()
    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.tensor):
        backward(network, chunks, target)
    seconds = time.process_time() - began
    gradient = torch.cat([one.grad.flatten() for one in network.parameters() if one.grad is not None])
    return Kept.most / 1e6, seconds, gradient


def row(network: VideoNetwork, count: int) -> dict[str, float]:
    """Figures of one number of chunks."""
    chunks = rolled(network, count)
    by_chunk, seconds, gradient = measured(network, backward_by_chunk, chunks)
    whole, whole_seconds, expected = measured(network, in_one_graph, chunks)
    error = float((gradient - expected).abs().max() / expected.abs().max())
    return {"by_chunk_mb": by_chunk, "one_graph_mb": whole, "error": error, "by_chunk_s": seconds,
            "one_graph_s": whole_seconds}  # fmt: skip


def main() -> None:
    """Prints and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    network = load_weights(SHIPPED / "48x64.safetensors").requires_grad_(True)
    figures = {str(count): row(network, count) for count in progress_bar(asked.chunks, desc="chunks")}
    print(json.dumps(figures, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
