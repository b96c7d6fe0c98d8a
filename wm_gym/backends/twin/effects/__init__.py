"""Events drawn onto the twin's frames: light first, then fog and haze, then flakes and sparks.

The engine adds the actors of fire and walker; all else is drawn here from colour, exact depth and the map. Everything
follows from the event's seed and its age in frames. Knows nothing of the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.effects.air import draw_fog, draw_lying_snow, draw_snow_haze
from wm_gym.backends.twin.effects.light import draw_light, flicker
from wm_gym.backends.twin.effects.scene import Ground, Scene
from wm_gym.backends.twin.effects.specks import draw_fireworks, draw_flakes
from wm_gym.backends.twin.messages import Effect

__all__ = ["Ground", "Scene", "draw_effects"]

# a pixel counts as changed if a channel changes by more than this, of 255
_CHANGED = 1.0


def draw_effects(scene: Scene, effects: Sequence[Effect], t: int) -> dict[str, NDArray[np.bool_]]:
    """Draw the active events on one frame.

    Args:
        scene: The frame; colour, depth and moving mask are changed in place.
        effects: Active events.
        t: Number of the frame in its request.

    Returns:
        For each active kind, (H, W) bool, the pixels that it changes.
    """
    masks = {effect.kind: np.zeros(scene.depth.shape, np.bool_) for effect in effects}
    by_kind = {kind: [effect for effect in effects if effect.kind == kind] for kind in masks}
    scene.night = _strongest(by_kind.get("night", []), t)

    def change(kind: str, draw: Callable[[], object]) -> None:
        before = scene.colour.copy()
        draw()
        masks[kind] |= np.abs(scene.colour - before).max(axis=-1) > _CHANGED

    for snow in by_kind.get("snowfall", []):
        change("snowfall", lambda snow=snow: draw_lying_snow(scene, snow, t))
    _light(scene, by_kind, masks, t)
    for snow in by_kind.get("snowfall", []):
        change("snowfall", lambda snow=snow: draw_snow_haze(scene, snow.strengths[t]))
    for fog in by_kind.get("fog", []):
        change("fog", lambda fog=fog: draw_fog(scene, fog.strengths[t]))
    for fireworks in by_kind.get("fireworks", []):
        change("fireworks", lambda fireworks=fireworks: draw_fireworks(scene, fireworks, t))
    for snow in by_kind.get("snowfall", []):
        change("snowfall", lambda snow=snow: draw_flakes(scene, snow, t))
    if "walker" in masks:
        masks["walker"] |= scene.mask_of("Visitor")
    return masks


def _light(scene: Scene, by_kind: dict[str, list[Effect]], masks: dict[str, NDArray[np.bool_]], t: int) -> None:
    fires = [(effect, flicker(effect, t)) for effect in by_kind.get("bonfire", []) if effect.position is not None]
    if not fires and scene.night == 0.0:
        return
    before = scene.colour.copy()
    lit = draw_light(scene, scene.night, fires)
    if "night" in masks:
        masks["night"] |= np.abs(scene.colour - before).max(axis=-1) > _CHANGED
    if "bonfire" in masks:
        masks["bonfire"] |= lit.any(axis=0) | scene.mask_of("Bonfire")


def _strongest(effects: Sequence[Effect], t: int) -> float:
    return max((effect.strengths[t] for effect in effects), default=0.0)
