"""The ranks of a run: one process, or several that each hold a share of every weight.

What a run of several does together (decide, gather, write) is named here, and is nothing in a run of one. Every
function is called by all ranks at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def num_ranks() -> int:
    """Processes of this run."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def is_first_rank() -> bool:
    """Whether this process is the one that writes files and draws bars."""
    return num_ranks() == 1 or dist.get_rank() == 0


def agreed(wanted: bool) -> bool:
    """Whether any rank wants it: clocks and signals differ between ranks, and what all must do they do together."""
    if num_ranks() == 1:
        return wanted
    votes = torch.tensor(float(wanted), device=_device())
    dist.all_reduce(votes, dist.ReduceOp.MAX)
    return bool(votes)


def mean_of_ranks(figures: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Scalars by name, each the mean over the ranks."""
    if num_ranks() == 1 or not figures:
        return dict(figures)
    together = torch.stack([figure.detach().float() for figure in figures.values()])
    dist.all_reduce(together)
    return dict(zip(figures, together / num_ranks(), strict=True))


def gathered(state: Any) -> Any:
    """A state with whole tensors for sharded ones, on the first rank; on others nothing stands in their place."""
    if num_ranks() == 1:
        return state
    from torch.distributed.tensor import DTensor

    if isinstance(state, DTensor):
        whole = state.full_tensor()
        return whole.cpu() if is_first_rank() else None
    if isinstance(state, Mapping):
        return {name: gathered(value) for name, value in state.items()}
    return [gathered(value) for value in state] if isinstance(state, list) else state


def sharded(state: Mapping[str, Any], like: Mapping[str, Any]) -> Mapping[str, Any]:
    """A state of whole tensors, each sharded as that of its name and shape in another state is, if that is."""
    if num_ranks() == 1:
        return state
    from torch.distributed.tensor import DTensor, distribute_tensor

    def share(value: Any, other: Any) -> Any:
        if not (isinstance(other, DTensor) and isinstance(value, Tensor) and value.shape == other.shape):
            return value
        return distribute_tensor(value.to(other.device), other.device_mesh, other.placements)

    return {name: share(value, like.get(name)) for name, value in state.items()}


def on_whole(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A function of a whole tensor to one of its shape; of a sharded one each rank computes it and keeps its share."""
    if num_ranks() == 1:
        return function(x)
    from torch.distributed.tensor import DTensor, distribute_tensor

    if not isinstance(x, DTensor):
        return function(x)
    return distribute_tensor(function(x.full_tensor()), x.device_mesh, x.placements)


def _device() -> torch.device:
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")
