"""What lies between the products of the transformer, compiled for the CPU.

Each kernel takes all worlds in one call and goes row by row, so that a row's bytes depend on nothing but the row. Sums
over a row are taken in an order that its length decides. Every kernel is sequential and writes only to its arguments.

Shapes: N worlds, S tokens of a latent frame, P tokens of the past, C channels of a token, H heads, D channels of a
head. Knows nothing of weights' names or of images.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
"""Sums may be taken by vector registers, and a product and a sum may be rounded once."""


@compiled
def join_and_norm(x, added, parts, which, eps, normed):
    """Add what a layer gives to the tokens, and prepare them for the next layer.

    Args:
        x: (N, S, C) float32 tokens; `gate * added` is added in place.
        added: (N, S, C) float32, what the layer before gives.
        parts: (N, J, 3, C) float32, for each of J such places the gate, then the scale and shift of the norm.
        which: Index of the place.
        eps: float32, of the norm.
        normed: (N, S, C) float32, filled with the tokens, each of mean 0 and variance 1, scaled and shifted.
    """
    num_worlds, num_tokens, channels = x.shape
    share = np.float32(1.0) / np.float32(channels)
    for n in range(num_worlds):
        gate, scale, shift = parts[n, which, 0], parts[n, which, 1], parts[n, which, 2]
        for s in range(num_tokens):
            row, more, out = x[n, s], added[n, s], normed[n, s]
            total = np.float32(0.0)
            for c in range(channels):
                row[c] += gate[c] * more[c]
                total += row[c]
            mean, square = total * share, np.float32(0.0)
            for c in range(channels):
                square += (row[c] - mean) * (row[c] - mean)
            length = np.float32(1.0) / math.sqrt(square * share + eps)
            for c in range(channels):
                out[c] = (row[c] - mean) * length * scale[c] + shift[c]


@compiled
def query_heads(raw, weight, eps, q):
    """Queries of cross-attention: normed over all heads together and scaled by D^-0.5.

    Args:
        raw: (N, S, C) float32.
        weight: (C,) float32, of the norm.
        eps: float32, of the norm.
        q: (N, H, S, D) float32, filled.
    """
    num_worlds, heads, num_tokens, dim = q.shape
    factor = np.float32(1.0) / math.sqrt(np.float32(dim))
    for n in range(num_worlds):
        for s in range(num_tokens):
            length = factor * _inverse_rms(raw[n, s], 0, heads * dim, eps)
            for h in range(heads):
                for d in range(dim):
                    q[n, h, s, d] = raw[n, s, h * dim + d] * length * weight[h * dim + d]


@compiled
def self_heads(qkv, past_keys, past_values, weight_q, weight_k, eps, turns, q, k, v, keys, values):
    """Queries, keys and values of self-attention, head by head, and what the cache may keep.

    Args:
        qkv: (N, S, 3 C) float32, queries, keys and values beside one another.
        past_keys: (N, P, C) float32, normed and not rotated.
        past_values: (N, P, C) float32.
        weight_q: (C,) float32, of the norm of queries.
        weight_k: (C,) float32, of the norm of keys.
        eps: float32, of both norms.
        turns: (N, P + S, D / 2, 2) float32, cosine and sine of the rotary angle of each pair of channels.
        q: (N, H, S, D) float32, filled with queries: normed, rotated, scaled by D^-0.5.
        k: (N, H, P + S, D) float32, filled with keys, those of the past first: normed, rotated.
        v: (N, H, P + S, D) float32, filled with values, those of the past first.
        keys: (N, S, C) float32, filled with the new keys: normed, not rotated.
        values: (N, S, C) float32, filled with the new values.
    """
    num_worlds, heads, num_tokens, dim = q.shape
    channels, past = heads * dim, past_keys.shape[1]
    factor, row = np.float32(1.0) / math.sqrt(np.float32(dim)), np.empty(channels, np.float32)
    for n in range(num_worlds):
        for p in range(past):
            _rotate(past_keys[n, p], turns[n, p], k[n, :, p])
            _deal(past_values[n, p], v[n, :, p])
        for s in range(num_tokens):
            length_q = factor * _inverse_rms(qkv[n, s], 0, channels, eps)
            length_k = _inverse_rms(qkv[n, s], channels, channels, eps)
            for c in range(channels):
                row[c] = qkv[n, s, c] * length_q * weight_q[c]
                keys[n, s, c] = qkv[n, s, channels + c] * length_k * weight_k[c]
                values[n, s, c] = qkv[n, s, 2 * channels + c]
            _rotate(row, turns[n, past + s], q[n, :, s])
            _rotate(keys[n, s], turns[n, past + s], k[n, :, past + s])
            _deal(values[n, s], v[n, :, past + s])


@compiled
def _inverse_rms(row, first, count, eps):
    """One over the root mean square of `count` numbers of a row from `first` on."""
    square = np.float32(0.0)
    for c in range(first, first + count):
        square += row[c] * row[c]
    return np.float32(1.0) / math.sqrt(square / np.float32(count) + eps)


@compiled
def _rotate(row, turns, heads):
    """The pairs of a row (C,) turned by `turns` (D / 2, 2) in each head, to `heads` (H, D)."""
    dim = heads.shape[1]
    for h in range(heads.shape[0]):
        for pair in range(dim // 2):
            a, b = row[h * dim + 2 * pair], row[h * dim + 2 * pair + 1]
            cosine, sine = turns[pair, 0], turns[pair, 1]
            heads[h, 2 * pair] = a * cosine - b * sine
            heads[h, 2 * pair + 1] = a * sine + b * cosine


@compiled
def _deal(row, heads):
    """A row (C,) to `heads` (H, D)."""
    dim = heads.shape[1]
    for h in range(heads.shape[0]):
        for d in range(dim):
            heads[h, d] = row[h * dim + d]
