"""Layers of captions as prompts of frames: the scene alone, what goes on at the time, or both.

Source: LingBot-World section 2.3. A model that has read the scene-static layer apart from the dense temporal one can be
told of a place without its camera's motion being told too, which comes from the keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wm_gym.train_world.data.recordings import Clip

LAYERS = ("scene", "temporal", "both")
"""What a piece of a walk is told by; each as often."""


def motions_of(clip: Clip, stride: int) -> np.ndarray:
    """(T,) object: of every `stride`-th frame, the sentences of the dense temporal caption whose time it is."""
    times = np.arange(0, len(clip.frames), stride) / clip.spec.fps
    told = [
        " ".join(one.caption for one in clip.captions.temporal if one.start_seconds <= time < one.end_seconds)
        for time in times.tolist()
    ]
    return np.array(told, object)


def prompts_of(scenes: np.ndarray, motions: np.ndarray, rng: np.random.Generator) -> list[list[str]]:
    """Prompts of pieces, one for each frame.

    Args:
        scenes: (B,) object, scene-static captions.
        motions: (B, T) object, what goes on in each frame.
        rng: Chooses the layer of each piece.
    """
    layers = rng.integers(len(LAYERS), size=len(scenes))
    return [_told(*piece) for piece in zip(scenes, motions, layers.tolist(), strict=True)]


def _told(scene: str, motions: Sequence[str], layer: int) -> list[str]:
    if LAYERS[layer] == "scene":
        return [scene] * len(motions)
    before = "" if LAYERS[layer] == "temporal" else scene
    return [f"{before} {motion}".strip() for motion in motions]
