"""A training over several ranks: each computes its parts of every batch and holds its share of every weight.

Source: LingBot-World section 3.3.3, which shards weights, gradients and the optimizer's moments by FSDP2 (Zhao et al.
2023). A batch is computed in equal parts, the noise of each from the run's seed, the step and the part's number: who
computes a part makes no difference, so P ranks take the steps that one process takes with as many parts.
"""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim import Optimizer

from wm_gym.backends.video.layers import Block
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.ranks import gathered, is_first_rank, mean_of_ranks, num_ranks
from wm_gym.train_world.report import Score
from wm_gym.train_world.trainer import Movable, Recipe

B = TypeVar("B", bound=Movable)


@dataclass(frozen=True)
class Parts:
    """Parts of one batch, with their numbers.

    Attributes:
        batches: By number, each of as many samples.
    """

    batches: Mapping[int, Any]

    def to(self, device: torch.device) -> Parts:
        """The same on a device."""
        return Parts({number: batch.to(device) for number, batch in self.batches.items()})


@contextmanager
def joined_ranks(config: LoopConfig) -> Iterator[int]:
    """The ranks that torchrun has started, joined for as long as this lasts; yields their number.

    Reads WORLD_SIZE and, where that is above 1, what torch reads: RANK, MASTER_ADDR, MASTER_PORT; on GPUs LOCAL_RANK.

    Raises:
        ValueError: If the batch cannot be divided evenly over them.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    check_parts(config.batch, size, "processes")
    if size == 1 or dist.is_initialized():
        yield size
        return
    is_cuda = config.device.startswith("cuda")
    if is_cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if is_cuda else "gloo")
    try:
        yield size
    finally:
        dist.destroy_process_group()


def check_parts(batch: int, parts: int, name: str) -> None:
    """Refuse a batch that is no multiple of so many parts.

    Raises:
        ValueError: If it is none.
    """
    if batch % parts:
        raise ValueError(f"batch must be a multiple of the number of {name} ({parts}), got {batch}")


def distributed(recipe: Recipe[Any], parts: int | None = None) -> Recipe[Any]:
    """The recipe over all ranks: batches split, gradients averaged, weights sharded, files written by the first.

    Args:
        recipe: Trains a `VideoNetwork`.
        parts: Equal parts that a batch is computed in, one after another on each rank; None: one for each rank.

    Raises:
        ValueError: If the recipe trains something else, or batch, parts and ranks do not fit one another.
    """
    ranks = num_ranks()
    parts = parts or ranks
    check_parts(recipe.config.batch, parts, "parts")
    if parts % ranks:
        raise ValueError(f"parts must be a multiple of the number of ranks ({ranks}), got {parts}")
    if recipe.is_backward:
        raise ValueError("the loss of a run of parts must leave the gradients to the trainer")
    if not isinstance(recipe.network, VideoNetwork):
        raise ValueError(f"a run of parts must train one VideoNetwork, got {type(recipe.network).__name__}")
    split = replace(recipe, draw=_drawing(recipe, parts), loss=_loss(recipe, parts), is_backward=True)
    return split if ranks == 1 else _whole_outside(replace(split, shard=shard))


def shard(network: nn.Module, optimizer: Optimizer | None = None) -> None:
    """Shard a video network's weights over all ranks from now on, in place; the codec, which is frozen, stays whole.

    An optimizer that has taken no step is given the sharded parameters instead of its own.

    The units that are gathered for their computation and let go again are the blocks; those of attention to text are
    their own, because prompts are encoded before the blocks run.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

    video, names = cast(VideoNetwork, network), {id(value): name for name, value in network.named_parameters()}
    # blocks and networks return views, of which nobody changes anything
    warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view tensor")
    mesh = init_device_mesh(next(video.parameters()).device.type, (num_ranks(),))
    for block in cast(Iterable[Block], video.transformer.blocks):
        fully_shard(block.attn2, mesh=mesh)
        register_fsdp_forward_method(block.attn2, "encode")
        fully_shard(block, mesh=mesh)
    codec = video.codec
    fully_shard(video, mesh=mesh, ignored_params=set(codec.parameters()) if isinstance(codec, nn.Module) else None)
    register_fsdp_forward_method(video, "encode_prompts")
    parameters = dict(video.named_parameters())
    for group in [] if optimizer is None else optimizer.param_groups:
        group["params"] = [parameters[names[id(value)]] for value in group["params"]]


def part_of(batch: B, number: int, parts: int) -> B:
    """One of equal parts of a batch: a dataclass of tensors and lists whose axis 0 is of samples, one after another."""
    assert is_dataclass(batch)
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    cut = {name: _part(value, number, parts) for name, value in values.items() if isinstance(value, Tensor | list)}
    return cast(B, replace(batch, **cut))


def _part(value: Any, number: int, parts: int) -> Any:
    size = len(value) // parts
    return value[number * size : (number + 1) * size]


def _drawing(recipe: Recipe[Any], parts: int) -> Any:
    first = dist.get_rank() if num_ranks() > 1 else 0
    own = range(first, parts, num_ranks())

    def draw(number: int) -> Parts:
        batch = recipe.draw(number)
        return Parts({part: part_of(batch, part, parts) for part in own})

    return draw


def _loss(recipe: Recipe[Any], parts: int) -> Any:
    """The mean over the parts; each rank adds the gradients of its own, which sharding averages over the ranks."""

    def loss(batch: Parts, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        sums: dict[str, Tensor] = {}
        for number, part in batch.batches.items():
            seed = generator.initial_seed() * parts + number
            total, figures = recipe.loss(part, torch.Generator().manual_seed(seed))
            (total / len(batch.batches)).backward()
            for name, figure in {"loss": total, **figures}.items():
                sums[name] = sums.get(name, 0.0) + figure.detach() / len(batch.batches)
        means = mean_of_ranks(sums)
        return means.pop("loss"), means

    return loss


def _whole_outside(recipe: Recipe[Any]) -> Recipe[Any]:
    """The recipe with whole weights for whoever scores and saves them, on the first rank alone."""
    whole = copy.deepcopy(recipe.network).requires_grad_(False) if is_first_rank() else None

    def filled(average: nn.Module) -> nn.Module | None:
        state = gathered(average.state_dict())
        if whole is not None:
            whole.load_state_dict(state)
        return whole

    def save(path: Path, average: nn.Module) -> None:
        network = filled(average)
        if network is not None:
            recipe.save(path, network)

    def score(average: nn.Module) -> Score:
        network = filled(average)
        given = recipe.score
        return Score({}, np.zeros((1, 1, 3), np.uint8), "") if network is None or given is None else given(network)

    return replace(recipe, save=save, score=None if recipe.score is None else score)
