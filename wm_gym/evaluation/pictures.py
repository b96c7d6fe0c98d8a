"""Pictures for people: depth, hints and a map from above as RGB, and contact sheets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

_DEPTH_STOPS = np.array(
    [(252, 233, 90), (240, 130, 60), (190, 55, 110), (100, 30, 130), (25, 15, 70)], np.float64
)  # near to far
_UNKNOWN = np.array((70, 70, 70), np.uint8)


def paint_depth(depth: np.ndarray, near_metres: float = 0.5, far_metres: float = 40.0) -> np.ndarray:
    """Depth as colour: near is yellow, far is dark blue, the sky black, the unknown grey.

    Args:
        depth: (..., H, W) metres.
        near_metres: Where the scale (logarithmic) begins.
        far_metres: Where it ends; beyond is black.

    Returns:
        (..., H, W, 3) uint8.
    """
    span = np.log(far_metres / near_metres)
    place = np.clip(np.log(np.maximum(depth, near_metres) / near_metres) / span, 0, 1) * (len(_DEPTH_STOPS) - 1)
    channels = [np.interp(place, np.arange(len(_DEPTH_STOPS)), _DEPTH_STOPS[:, c]) for c in range(3)]
    picture = np.stack(channels, -1).astype(np.uint8)
    picture[depth > far_metres] = 0
    picture[depth <= 0] = _UNKNOWN
    return picture


def paint_hints(colour: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """What memory shows, (..., H, W, 3) uint8, with a chequered ground where it shows nothing."""
    height, width = seen.shape[-2:]
    rows, columns = np.indices((height, width)) // max(1, height // 24)
    chequers = np.where((rows + columns)[..., None] % 2 == 0, 70, 90).astype(np.uint8)
    return np.where(seen[..., None], colour, chequers)


def paint_map(
    positions: np.ndarray, colours: np.ndarray, trail: np.ndarray, size: tuple[int, int], metres_across: float = 40.0
) -> np.ndarray:
    """Points seen from above, with the body's trail; the opening's heading points up.

    Args:
        positions: (P, 3) metres, world frame. Points over the body's head are left out.
        colours: (P, 3) uint8.
        trail: (S, 5) stances so far; the last one is drawn with its heading.
        size: Height and width of the picture.
        metres_across: Width of what is shown, centred on the body.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = size
    scale, centre = width / metres_across, trail[-1, :2]
    picture = np.full((height, width, 3), 24, np.uint8)
    low = positions[:, 2] < 1.0
    order = np.argsort(positions[low, 2], kind="stable")  # higher points are painted over lower ones
    rows, columns = _above(positions[low][order, :2], centre, scale, size)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    picture[rows[inside], columns[inside]] = colours[low][order][inside]
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    rows, columns = _above(trail[:, :2], centre, scale, size)
    draw.line(list(zip(columns.tolist(), rows.tolist(), strict=True)), fill=(255, 80, 60), width=1)
    yaw, reach = trail[-1, 3], 0.06 * width
    tip = (columns[-1] - reach * np.sin(yaw), rows[-1] - reach * np.cos(yaw))
    draw.line([(int(columns[-1]), int(rows[-1])), tip], fill=(255, 240, 80), width=2)
    return np.asarray(image)


def _above(
    positions: np.ndarray, centre: np.ndarray, scale: float, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of x, y positions: x (ahead) is up, y (left) is left."""
    offset = (positions - centre) * scale
    return (size[0] / 2 - offset[:, 0]).astype(int), (size[1] / 2 - offset[:, 1]).astype(int)


def enlarge(picture: np.ndarray, factor: int) -> np.ndarray:
    """Each pixel as a square of `factor` pixels, (H, W, 3) uint8."""
    return picture.repeat(factor, 0).repeat(factor, 1)


def captioned(picture: np.ndarray, text: str, bar: int = 20) -> np.ndarray:
    """A picture (H, W, 3) uint8 over a bar with a line of text, (H + bar, W, 3)."""
    image = Image.new("RGB", (picture.shape[1], bar), (16, 16, 16))
    ImageDraw.Draw(image).text((6, bar // 2 - 6), text, fill=(230, 230, 230))
    return np.concatenate([picture, np.asarray(image)])


def contact_sheet(
    rows: Sequence[tuple[str, Sequence[np.ndarray]]], columns: Sequence[str] = (), gap: int = 2, margin: int = 72
) -> Image.Image:
    """Rows of pictures, each with its name at the left.

    Args:
        rows: Pairs of a name and pictures, (H, W, 3) uint8, all of one size.
        columns: Names of the columns, shown above them; none for no line of names.
        gap: Pixels between pictures.
        margin: Width of the column of names.
    """
    height, width = rows[0][1][0].shape[:2]
    longest, head = max(len(pictures) for _, pictures in rows), 18 if columns else 0
    sheet = Image.new("RGB", (margin + longest * (width + gap), head + len(rows) * (height + gap)), (16, 16, 16))
    draw = ImageDraw.Draw(sheet)
    for c, name in enumerate(columns):
        draw.text((margin + c * (width + gap) + 4, 3), name, fill=(230, 230, 230))
    for r, (name, pictures) in enumerate(rows):
        top = head + r * (height + gap)
        draw.text((4, top + height // 2 - 6), name, fill=(230, 230, 230))
        for c, picture in enumerate(pictures):
            sheet.paste(Image.fromarray(np.ascontiguousarray(picture)), (margin + c * (width + gap), top))
    return sheet
