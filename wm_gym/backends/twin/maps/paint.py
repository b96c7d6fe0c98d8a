"""Indexed pictures and their PNG bytes.

A drawing holds slot numbers, not colours, so that one cached drawing (and its compressed pixels) serves every place:
only the small colour table differs. Slot 0 of a cut-out is transparent. Knows nothing of what is drawn.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture of slot numbers.

    Attributes:
        pixels: (H, W) uint8 slots.
        foot: x, y of the pixel that stands on the actor's spot, for cut-outs; None for textures.
    """

    pixels: Pixels
    foot: tuple[int, int] | None = None

    @cached_property
    def lump_pixels(self) -> Pixels:
        """The pixels as they are written; textures of other heights go on downwards to the next power of two.

        At the foot of a wall the engine may read one row past a texture. Only heights that are powers of two keep it
        from reading memory that is not the texture's, which differs from process to process.
        """
        below = 0 if self.foot is not None else (1 << (len(self.pixels) - 1).bit_length()) - len(self.pixels)
        return np.pad(self.pixels, ((0, below), (0, 0)), mode="edge")

    @cached_property
    def compressed(self) -> bytes:
        """The deflated rows, each behind a zero filter byte."""
        rows = np.pad(self.lump_pixels, ((0, 0), (1, 0)))
        return zlib.compress(rows.tobytes(), 6)

    @cached_property
    def num_slots(self) -> int:
        """One more than the highest slot in use."""
        return int(self.pixels.max()) + 1

    def png(self, colours: Sequence[Colour]) -> bytes:
        """PNG bytes with slot k drawn in `colours[k]`; surplus colours are left out.

        Raises:
            ValueError: If a slot has no colour.
        """
        if len(colours) < self.num_slots:
            raise ValueError(f"colours must number at least {self.num_slots}, got {len(colours)}")
        height, width = self.lump_pixels.shape
        chunks = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        if self.foot is not None:
            chunks += _chunk(b"grAb", struct.pack(">ii", *self.foot))
        chunks += _chunk(b"PLTE", bytes(value for colour in colours[: self.num_slots] for value in colour))
        if self.foot is not None:
            chunks += _chunk(b"tRNS", b"\0")
        return b"\x89PNG\r\n\x1a\n" + chunks + _chunk(b"IDAT", self.compressed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def canvas(height: int, width: int, slot: int = 0) -> Pixels:
    """A fresh (height, width) picture of one slot."""
    return np.full((height, width), slot, np.uint8)


def box(pixels: Pixels, x: int, y: int, width: int, height: int, slot: int) -> None:
    """Fills a rectangle; what lies outside the picture is left out."""
    pixels[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = slot


def ellipse(pixels: Pixels, x: float, y: float, radius_x: float, radius_y: float, slot: int) -> None:
    """Fills an ellipse around (x, y)."""
    height, width = pixels.shape
    rows, columns = np.ogrid[:height, :width]
    inside = ((columns + 0.5 - x) / radius_x) ** 2 + ((rows + 0.5 - y) / radius_y) ** 2 <= 1.0
    pixels[inside] = slot


def soft_noise(height: int, width: int, cells: int, seed: int) -> NDArray[np.float64]:
    """(height, width) smooth noise in 0..1 that tiles, `cells` bumps across."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width))
    for octave, weight in ((1, 1.0), (2, 0.5), (4, 0.25)):
        total += weight * _bumps(height, width, cells * octave, rng)
    return (total - total.min()) / (total.max() - total.min())


def _bumps(height: int, width: int, cells: int, rng: np.random.Generator) -> NDArray[np.float64]:
    rows = max(1, cells * height // width)
    lattice = rng.random((rows, cells))
    y, x = np.arange(height) * rows / height, np.arange(width) * cells / width
    low_y, low_x = y.astype(int), x.astype(int)
    ease_y, ease_x = _ease(y - low_y)[:, None], _ease(x - low_x)[None, :]
    top = _row(lattice, low_y, low_x, ease_x)
    return top * (1 - ease_y) + _row(lattice, (low_y + 1) % rows, low_x, ease_x) * ease_y


def _ease(fraction: NDArray[np.float64]) -> NDArray[np.float64]:
    return fraction * fraction * (3 - 2 * fraction)


def _row(
    lattice: NDArray[np.float64], y: NDArray[np.int_], x: NDArray[np.int_], ease_x: NDArray[np.float64]
) -> NDArray[np.float64]:
    cells = lattice.shape[1]
    return lattice[y[:, None], x[None, :]] * (1 - ease_x) + lattice[y[:, None], (x[None, :] + 1) % cells] * ease_x


@lru_cache(maxsize=8192)
def shade(colour: Colour, factor: float) -> Colour:
    """`colour` under less or more light; shade is a little bluer, light a little warmer, as under a sky."""
    tint = (1.0 - factor) * 0.10
    red, green, blue = colour
    return _clip(red * (factor - tint)), _clip(green * factor), _clip(blue * (factor + tint))


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the way from `first` to `second`."""
    return tuple(_clip(a + (b - a) * share) for a, b in zip(first, second, strict=True))  # type: ignore[return-value]


def _clip(value: float) -> int:
    return min(255, max(0, round(value)))
