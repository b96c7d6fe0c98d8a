"""Attention of tokens to tokens, by one of several implementations that agree.

Which tokens see which follows from the latent frames that they belong to (`FrameMask`). Where the kernel takes no mask,
query frames that see the same keys are attended at once, and only those keys are read: no bias is made.

Shapes: N worlds, Lq and Lk tokens, H heads, D channels of a head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from importlib import import_module
from itertools import groupby
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.choices import check_choice
from wm_gym.networks.batch_invariant import matmul, per_world

Kernel = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Attention of q (N, Lq, H, D) to all of k and v (N, Lk, H, D), (N, Lq, H, D)."""

FLASH = {"flash2": "flash_attn", "flash3": "flash_attn_interface", "flash4": "flash_attn.cute"}
"""Modules that hold `flash_attn_func`. FlashAttention 4 alone makes `flash_attn` importable without it."""

IMPLEMENTATIONS = ("auto", "plain", "sdpa", "flex", *FLASH)
"""Products and a softmax; torch's fused kernel; torch's flex attention; FlashAttention 2, 3 and 4."""

FLASH_DTYPES = torch.bfloat16, torch.float16


@dataclass(frozen=True, eq=False)
class FrameMask:
    """Which latent frames see which.

    Attributes:
        allowed: (N, Lq / S, Lk / S) bool, where S tokens make a latent frame; on the CPU, so that nothing waits for a
            device.
        tokens: S.
        dtype: Of the scores.
    """

    allowed: Tensor
    tokens: int
    dtype: torch.dtype

    @cached_property
    def bias(self) -> Tensor | None:
        """What is added to the scores of tokens, (N, 1, Lq, Lk), or None where all see all."""
        if bool(self.allowed.all()):
            return None
        bias = torch.zeros(self.allowed.shape, dtype=self.dtype).masked_fill(~self.allowed, -1e9)
        return bias.repeat_interleave(self.tokens, 1).repeat_interleave(self.tokens, 2)[:, None]


def attention(
    q: Tensor, k: Tensor, v: Tensor, mask: FrameMask | None = None, *, implementation: str = "auto"
) -> Tensor:
    """Attention of q (N, Lq, H, D) to k and v (N, Lk, H, D), in the dtype of v; (N, Lq, H, D).

    Args:
        q: Queries.
        k: Keys.
        v: Values.
        mask: Which of them are seen; None: all.
        implementation: One of `IMPLEMENTATIONS`. "auto": "plain" on a CPU, where over a few hundred tokens it takes
            half the time of the fused kernel and a sixth of its backward pass; "sdpa" elsewhere.
    """
    if implementation not in ("auto", "plain") or (implementation == "auto" and q.device.type != "cpu"):
        return per_world(_KERNELS[implementation], q.to(v.dtype), k.to(v.dtype), v, *_allowed(mask))
    bias = None if mask is None else mask.bias
    scores = matmul(q.transpose(1, 2) * q.shape[-1] ** -0.5, k.permute(0, 2, 3, 1))
    weights = (scores if bias is None else scores + bias.to(scores.device)).softmax(-1)
    return matmul(weights.to(v.dtype), v.transpose(1, 2)).transpose(1, 2)


def check_attention(implementation: str, weight: Tensor) -> None:
    """See to it that an implementation exists and can run where these weights are.

    Raises:
        ValueError: If there is no such implementation, or it cannot compute with weights of this dtype and device.
        ImportError: If its package is not installed.
    """
    check_choice("attention", implementation, IMPLEMENTATIONS)
    if implementation not in FLASH:
        return
    _flash_function(implementation)
    if weight.device.type != "cuda" or weight.dtype not in FLASH_DTYPES:
        came = f"{str(weight.dtype).removeprefix('torch.')} on {weight.device.type}"
        raise ValueError(f"attention {implementation!r} must compute in bfloat16 or float16 on cuda, got {came}")


def blocks_of(allowed: Tensor) -> list[tuple[slice, list[int]]]:
    """Query frames in a row that see the same key frames, and those key frames; `allowed` is (Lq, Lk) bool."""
    blocks, first = [], 0
    for seen, group in groupby(tuple(row) for row in allowed.tolist()):
        after = first + len(list(group))
        blocks.append((slice(first, after), [k for k, is_seen in enumerate(seen) if is_seen]))
        first = after
    return blocks


def _allowed(mask: FrameMask | None) -> tuple[Tensor, ...]:
    return () if mask is None else (mask.allowed.cpu(),)


def _in_blocks(kernel: Kernel, q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Attention by a kernel that takes no mask; `allowed` as in `FrameMask`."""
    if allowed is None:
        return kernel(q, k, v)
    if bool((allowed != allowed[:1]).any()):  # worlds differ
        each = zip(*(t.split(1) for t in (q, k, v, allowed)), strict=True)
        return torch.cat([_in_blocks(kernel, *world) for world in each])
    q_frames, k_frames, v_frames = (t.unflatten(1, (allowed.shape[axis], -1)) for t, axis in ((q, 1), (k, 2), (v, 2)))
    parts = [
        kernel(q_frames[:, rows].flatten(1, 2), _chosen(k_frames, seen), _chosen(v_frames, seen))
        for rows, seen in blocks_of(allowed[0])
    ]
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def _chosen(by_frame: Tensor, frames: list[int]) -> Tensor:
    """Tokens of the named latent frames; (N, L, S, H, D) to (N, tokens, H, D). Frames in a row are not copied."""
    if frames == list(range(frames[0], frames[-1] + 1)):
        return by_frame[:, frames[0] : frames[-1] + 1].flatten(1, 2)
    return by_frame[:, frames].flatten(1, 2)


def _sdpa(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2)


def _flash(implementation: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    mixed = _flash_function(implementation)(q, k, v, softmax_scale=q.shape[-1] ** -0.5, causal=False)
    return mixed[0] if isinstance(mixed, tuple) else mixed  # some versions give the sums of the softmax too


def _flash_function(implementation: str) -> Callable[..., Any]:
    module = FLASH[implementation]
    try:
        return import_module(module).flash_attn_func
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"attention {implementation!r} needs {module}.flash_attn_func, which is not installed"
        ) from error


def _flex(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Torch's flex attention, which skips blocks of tokens that nobody sees; compiled where it is not on a CPU."""
    from torch.nn.attention.flex_attention import flex_attention

    run: Any = flex_attention if q.device.type == "cpu" else _compiled(flex_attention)
    block_mask = None if allowed is None else _block_mask(allowed, q.shape[1], k.shape[1], q.device)
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    return run(q, k, v, block_mask=block_mask).transpose(1, 2)


def _block_mask(allowed: Tensor, q_tokens: int, k_tokens: int, device: torch.device) -> Any:
    from torch.nn.attention.flex_attention import create_block_mask

    by_frame, q_size, k_size = allowed.to(device), q_tokens // allowed.shape[1], k_tokens // allowed.shape[2]

    def may_see(world: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return by_frame[world, query // q_size, key // k_size]

    return create_block_mask(may_see, len(allowed), None, q_tokens, k_tokens, device=str(device))


@lru_cache(maxsize=1)
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return torch.compile(function, dynamic=True)


_KERNELS: dict[str, Callable[..., Tensor]] = {
    "auto": partial(_in_blocks, _sdpa),
    "sdpa": partial(_in_blocks, _sdpa),
    "flex": _flex,
    **{name: partial(_in_blocks, partial(_flash, name)) for name in FLASH},
}
