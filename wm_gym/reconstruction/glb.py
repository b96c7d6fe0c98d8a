"""Meshes with coloured vertices as binary glTF. Source: Khronos, "glTF 2.0 specification", sections 3.7 and 4.4.

Open3D's own files of this kind hold their buffer as text, which other programs refuse. Knows nothing of where meshes
come from.
"""

from __future__ import annotations

import json
import struct

import numpy as np

_ARRAY, _ELEMENTS = 34962, 34963
_FLOAT, _WORD, _INDEX = 5126, 5123, 5125
_SHORTS = 65535


def glb_bytes(positions: np.ndarray, normals: np.ndarray, colours: np.ndarray, triangles: np.ndarray) -> bytes:
    """The bytes of a file of one mesh, shown without light, as what was filmed has its light in it.

    Args:
        positions: (V, 3) metres, z up; the file has y up, as the format wants it.
        normals: (V, 3) unit vectors.
        colours: (V, 3) sRGB, 0..1; the file has them linear, as the format wants it.
        triangles: (T, 3) rows of vertices.
    """
    shades = np.rint(_SHORTS * _linear(np.clip(colours, 0, 1))).astype(np.uint16)
    parts = [
        _y_up(positions).astype("<f4"),
        _y_up(normals).astype("<f4"),
        np.concatenate([shades, np.full((len(shades), 1), _SHORTS)], 1).astype("<u2"),
        triangles.astype("<u4").ravel(),
    ]
    data, views = b"", []
    for part, target in zip(parts, (_ARRAY, _ARRAY, _ARRAY, _ELEMENTS), strict=True):
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": part.nbytes, "target": target})
        data += part.tobytes() + b"\0" * (-part.nbytes % 4)
    told = json.dumps(_scene(parts, views, len(data)), separators=(",", ":")).encode()
    told += b" " * (-len(told) % 4)
    chunks = struct.pack("<I4s", len(told), b"JSON") + told + struct.pack("<I4s", len(data), b"BIN\0") + data
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _scene(parts: list[np.ndarray], views: list[dict[str, int]], num_bytes: int) -> dict[str, object]:
    positions, _, _, indices = parts
    count = len(positions)
    accessors = [
        {
            "bufferView": 0, "componentType": _FLOAT, "count": count, "type": "VEC3",
            "min": positions.min(0).tolist(), "max": positions.max(0).tolist(),
        },
        {"bufferView": 1, "componentType": _FLOAT, "count": count, "type": "VEC3"},
        {"bufferView": 2, "componentType": _WORD, "count": count, "type": "VEC4", "normalized": True},
        {"bufferView": 3, "componentType": _INDEX, "count": len(indices), "type": "SCALAR"},
    ]  # fmt: skip
    plain = {"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 1.0}}
    attributes = {"POSITION": 0, "NORMAL": 1, "COLOR_0": 2}
    return {
        "asset": {"version": "2.0", "generator": "wm-gym"},
        "extensionsUsed": ["KHR_materials_unlit"],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": 3, "material": 0}]}],
        "materials": [{**plain, "extensions": {"KHR_materials_unlit": {}}}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": num_bytes}],
    }


def _y_up(vectors: np.ndarray) -> np.ndarray:
    return np.stack([vectors[:, 0], vectors[:, 2], -vectors[:, 1]], 1)


def _linear(colours: np.ndarray) -> np.ndarray:
    """Source: IEC 61966-2-1, the transfer function of sRGB."""
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
