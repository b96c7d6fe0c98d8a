"""A student's own rollouts through `World`, recorded, and run again chunk by chunk with gradients.

The world goes on as it does in use, its memory and the model's cache too, without a graph. What each chunk was made
from is kept. Each chunk is then run again by itself, and its gradient added, so that memory does not grow with their
number. Source: InSpatio-World, chunk-wise backpropagation; LingBot-World section 3.4.2, gradients through the last K
chunks. Caches are inputs: no gradient flows from a chunk to those before it, as in Self Forcing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.frame_metadata import FrameMetadata
from wm_gym.backends.video.model import VideoModel
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.backends.video.state import VideoState
from wm_gym.backends.video.transformer import Tokens
from wm_gym.train_world.distilling.given import Given
from wm_gym.world.state import WorldState
from wm_gym.world.world import World
from wm_gym.world_model import Chunk, Condition

T = TypeVar("T")

ChunkLoss = Callable[[Tensor, Given], Tensor]
"""(clean latents (N, L, C, h, w) with a graph, what they were made from) to a loss."""


@dataclass(frozen=True)
class RecordedChunk:
    """The last pass that made a chunk of N worlds.

    Attributes:
        noisy: (N, L, C, h, w).
        metadata: Of the L latent frames.
        conditioning: All else, the cached past too.
        clean_context: Clean latent frames that the same pass caches, or None.
        prompts: N * L strings.
    """

    noisy: Tensor
    metadata: FrameMetadata
    conditioning: Conditioning
    clean_context: Tokens | None
    prompts: list[str]

    def run(self, network: VideoNetwork) -> Tensor:
        """The clean latents, with a graph; the prompts are encoded anew, since their encoder learns too."""
        conditioning = replace(self.conditioning, prompt=network.encode_prompts(self.prompts))
        return network(self.noisy, self.metadata, conditioning, self.clean_context)[0].clamp(-1, 1)

    @property
    def given(self) -> Given:
        """What the chunk was made from, without the past."""
        one = self.conditioning
        return Given(one.hints, one.camera, one.action, self.metadata.time, self.prompts)


class RecordedModel(VideoModel):
    """The video model over a network that learns; keeps what its last chunks were made from.

    Attributes:
        recorded: The last chunks, the newest at the end.
    """

    def __init__(self, network: VideoNetwork, keep: int) -> None:
        """Keep the last `keep` chunks. The worlds of a batch are computed together, so their bytes depend on it."""
        super().__init__(network, batch_invariant=False)
        self.recorded: list[RecordedChunk] = []
        self._keep = keep

    def step(self, state: VideoState, condition: Condition) -> tuple[VideoState, Chunk]:
        """As the video model, recorded."""
        passes: list[tuple[Any, ...]] = []
        handle = self.network.register_forward_pre_hook(lambda _module, inputs: passes.append(inputs))
        try:
            after = super().step(state, condition)
        finally:
            handle.remove()
        noisy, metadata, conditioning, clean_context = _copied(passes[-1])
        prompts = [prompt for world in condition.prompts for prompt in world]
        chunk = RecordedChunk(noisy, metadata, replace(conditioning, prompt=[]), clean_context, prompts)
        self.recorded = [*self.recorded, chunk][-self._keep :]
        return after

    def forget(self) -> None:
        """Drop what was recorded, and prompts that were encoded by weights of before."""
        self.recorded = []
        self.close()


def rolled_out(
    world: World, model: RecordedModel, state: WorldState, twists: Iterable[np.ndarray]
) -> tuple[WorldState, list[RecordedChunk]]:
    """Walk on in N worlds without a graph; returns where they end, and the last chunks.

    Args:
        world: Of that model.
        model: Records.
        state: N worlds.
        twists: (N, T, 4) of each step, as `World.step` takes them.
    """
    model.forget()
    for one in twists:
        state, _ = world.step(state, one)
    return state, model.recorded


def backward_by_chunk(network: VideoNetwork, chunks: Sequence[RecordedChunk], loss: ChunkLoss) -> float:
    """Add the gradient of the mean loss of recorded chunks, one graph at a time; returns that loss."""
    total = 0.0
    for chunk in chunks:
        part = loss(chunk.run(network), chunk.given) / len(chunks)
        part.backward()
        total += float(part.detach())
    return total


def _copied(value: T) -> T:
    """A copy whose tensors are ordinary ones, wherever they were made, so that a graph may keep them."""
    copied: Any = value
    if isinstance(value, Tensor):
        copied = torch.empty_like(value, requires_grad=False).copy_(value)
    elif is_dataclass(value) and not isinstance(value, type):
        copied = replace(value, **{one.name: _copied(getattr(value, one.name)) for one in fields(value)})
    elif isinstance(value, (list, tuple)):
        copied = type(value)(_copied(one) for one in value)
    return copied
