"""Units and flags of stored points."""

from __future__ import annotations

MAX_STRETCH = 16.0
"""Largest length of a patch along the line of sight, in splat sizes."""

TANGENT_UNIT = 1.0 / 1024.0
"""Unit of stored tangents, in splat sizes."""

FILLER = 1 << 24
"""Flag beside a point's colour: it lies on the border of a new region, and shows only in holes between others."""

FILLER_WEIGHT = 1.0e-3
"""Factor on the weight of such a point."""
