"""Parts of masks that hang together, and how far their cells lie from what is outside."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def connected(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Numbers from 1 of the parts of a mask that hang together by sides, 0 elsewhere, and how many there are."""
    return cast("tuple[NDArray[np.int32], int]", ndimage.label(mask))


def largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest part of a mask."""
    labels, count = connected(mask)
    return labels == 1 + np.bincount(labels.ravel())[1:].argmax() if count else mask


def clearance(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Cells from each cell of a mask to the nearest outside; 0 outside, and what lies beyond the array is outside."""
    padded = cast("NDArray[np.float64]", ndimage.distance_transform_edt(np.pad(mask, 1)))
    return padded[1:-1, 1:-1]
