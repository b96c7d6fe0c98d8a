"""What lies between the int8 products of the layout network, compiled for the CPU.

Every kernel goes row by row, so that a row's bytes depend on nothing but the row; it is sequential and writes only to
its arguments. A row of int8 is in -127..127 and has one float32 factor.

Shapes: L tokens, A asked tokens, C channels of a token, F channels of the MLP, H heads, D channels of a head.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

compiled = njit(
    nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "nnan", "ninf", "arcp"}
)
"""Sums and maxima may be taken by vector registers; nothing here is infinite or no number."""

FINE = 16383
"""Weights of attention are whole numbers up to this, 14 bits in two rows of int8."""

_HIGH_BITS = 7
_HIGH = 1 << _HIGH_BITS
_LEAST_EXPONENT = -12.0
_MAGNITUDE = np.int32(0x7FFFFFFF)


@compiled
def quantise_rows(x, out, factors):
    """Rows (L, C) float32 as int8 `out` (L, C) and `factors` (L,)."""
    for row in range(len(x)):
        factors[row] = _quantise(x[row], out[row])


@compiled
def norm_rows(x, weight, bias, eps, out, factors):
    """Rows (L, C) float32 normed, scaled by `weight` and shifted by `bias` (C,), as int8 `out` and `factors` (L,)."""
    channels = x.shape[1]
    share, normed = np.float32(1.0) / np.float32(channels), np.empty(channels, np.float32)
    for row in range(len(x)):
        own, total, square = x[row], np.float32(0.0), np.float32(0.0)
        for c in range(channels):
            total += own[c]
        mean = total * share
        for c in range(channels):
            square += (own[c] - mean) * (own[c] - mean)
        length = np.float32(1.0) / math.sqrt(square * share + eps)
        for c in range(channels):
            normed[c] = (own[c] - mean) * length * weight[c] + bias[c]
        factors[row] = _quantise(normed, out[row])


@compiled
def add_product(x, product, factors, scales, bias):
    """Add to tokens `x` (L, C) a product (L, C) int32, times the factors of its rows and columns, and `bias` (C,)."""
    for row in range(len(x)):
        for c in range(x.shape[1]):
            x[row, c] += np.float32(product[row, c]) * (factors[row] * scales[c]) + bias[c]


@compiled
def squared_relu(product, factors, scales, bias, out, out_factors):
    """Squares of what is positive of a product (L, F) int32 plus `bias` (F,), as int8 `out` and `out_factors` (L,)."""
    hidden = np.empty(product.shape[1], np.float32)
    for row in range(len(product)):
        for c in range(product.shape[1]):
            value = np.float32(product[row, c]) * (factors[row] * scales[c]) + bias[c]
            value = max(value, np.float32(0.0))
            hidden[c] = value * value
        out_factors[row] = _quantise(hidden, out[row])


@compiled
def split_heads(product, factors, scales, bias, turns, heads, head_factors):
    """Queries, keys and values of a product, the first two turned to where they lie.

    Args:
        product: (L, 3 C) int32, queries, keys and values beside one another.
        factors: (L,) of its rows.
        scales: (3 C,) of its columns.
        bias: (3 C,).
        turns: (2, L, D / 2) cosines and sines.
        heads: (3, H, L, D) int8, filled.
        head_factors: (3, H, L), filled.
    """
    _, num_heads, length, width = heads.shape
    half, own = width // 2, np.empty(width, np.float32)
    for row in range(length):
        for which in range(3):
            for head in range(num_heads):
                first = (which * num_heads + head) * width
                for d in range(width):
                    c = first + d
                    own[d] = np.float32(product[row, c]) * (factors[row] * scales[c]) + bias[c]
                if which < 2:
                    for d in range(half):
                        a, b = own[d], own[half + d]
                        own[d] = a * turns[0, row, d] - b * turns[1, row, d]
                        own[half + d] = a * turns[1, row, d] + b * turns[0, row, d]
                head_factors[which, head, row] = _quantise(own, heads[which, head, row])


@compiled
def attend(scores, q_factors, k_factors, v_factors, weights, out_factors):
    """Weights of attention, in which the factors of the values are held.

    Args:
        scores: (A, L) int32, products of queries and keys.
        q_factors: (A,) of the queries, D^-0.5 among them.
        k_factors: (L,) of the keys.
        v_factors: (L,) of the values.
        weights: (2, A, L) int8, filled with the weights' high and low bits.
        out_factors: (A,), filled with the factors of what the weights, as whole numbers, make of the values.
    """
    length, own = scores.shape[1], np.empty(scores.shape[1], np.float32)
    for row in range(len(scores)):
        for k in range(length):
            own[k] = np.float32(scores[row, k]) * (q_factors[row] * k_factors[k])
        highest, total = _largest(own), np.float32(0.0)
        for k in range(length):
            own[k] = _exponential(own[k] - highest)
        for k in range(length):
            total += own[k]
        for k in range(length):
            own[k] *= v_factors[k]
        largest = _largest(own)
        up = np.float32(FINE) / largest
        for k in range(length):
            fine = np.int32(own[k] * up + np.float32(0.5))
            weights[0, row, k] = np.int8(fine >> _HIGH_BITS)
            weights[1, row, k] = np.int8(fine & (_HIGH - 1))
        out_factors[row] = largest / (np.float32(FINE) * total)


@compiled
def _exponential(x):
    """Of what is at most 0: the sixteenth power of a series, good to 1e-7 down to -1 and to a hundredth at -12."""
    lowest = np.float32(_LEAST_EXPONENT)
    u = (x if x > lowest else lowest) * np.float32(0.0625)
    e = np.float32(1 / 120) * u + np.float32(1 / 24)
    e = ((e * u + np.float32(1 / 6)) * u + np.float32(0.5)) * u + np.float32(1.0)
    e = e * u + np.float32(1.0)
    e *= e
    e *= e
    e *= e
    return e * e


@compiled
def join_heads(products, factors, out, out_factors):
    """What attention gives to tokens.

    Args:
        products: (H, 2, A, D) int32, products of high and of low bits of the weights with the values.
        factors: (H, A) of the weights.
        out: (A, H D) int8, filled.
        out_factors: (A,), filled.
    """
    heads, _, length, width = products.shape
    own = np.empty(heads * width, np.float32)
    for row in range(length):
        for head in range(heads):
            for d in range(width):
                both = np.float32(_HIGH) * products[head, 0, row, d] + np.float32(products[head, 1, row, d])
                own[head * width + d] = both * factors[head, row]
        out_factors[row] = _quantise(own, out[row])


@compiled
def _quantise(row, out):
    """A row of numbers as int8; gives its factor."""
    bits, most = row.view(np.int32), np.int32(0)
    for c in range(len(bits)):
        most = max(most, np.int32(bits[c] & _MAGNITUDE))
    largest = max(np.int32(most).view(np.float32), np.float32(1e-12))
    up = np.float32(127.0) / largest
    for c in range(len(row)):
        out[c] = np.int8(np.rint(row[c] * up))
    return largest / np.float32(127.0)


@compiled
def _largest(row):
    """The largest of a row of numbers, found among whole numbers in the same order, which vector registers compare."""
    bits, most = row.view(np.int32), np.int32(-(2**31))
    for c in range(len(bits)):
        most = max(most, _in_order(bits[c]))
    return np.int32(_in_order(most)).view(np.float32)


@compiled
def _in_order(bits):
    """Bits of a float32 as a whole number in the order of the floats, and back."""
    return np.int32(bits ^ ((bits >> np.int32(31)) & _MAGNITUDE))
