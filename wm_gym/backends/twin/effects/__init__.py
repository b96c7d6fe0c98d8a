"""Events drawn onto the twin's frames: surfaces, then light, air, particles, and last the look of the whole picture.

The engine adds the actors of fire, walker and objects; beside a walker other walkers may go another way. All else is
drawn here from colour, exact depth and the map. Everything follows from the event's seed and its age in frames. What is
drawn here leaves a frame as it is, to the byte, outside the masks of its events. Knows nothing of the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.acs import OBJECT_ACTORS
from wm_gym.backends.twin.effects import air, hours, looks, seasons, specks
from wm_gym.backends.twin.effects.light import draw_light, fire_brightness
from wm_gym.backends.twin.effects.scene import Ground, Scene
from wm_gym.backends.twin.messages import Effect

__all__ = ["Ground", "Scene", "draw_effects"]

Draw = Callable[[Scene, Effect, int], None]

SURFACES: tuple[tuple[str, Draw], ...] = (
    ("autumn", seasons.draw_autumn),
    ("snow_cover", air.draw_snow_cover),
    ("snowfall", air.draw_lying_snow),
    ("rain", air.draw_wet_floors),
    ("golden_light", hours.draw_golden_light),
    *((kind, hours.draw_sky) for kind in hours.SKIES),
)
"""What changes surfaces and the sky before light falls on them, in the order in which it is drawn."""

AFTER_LIGHT: tuple[tuple[str, Draw], ...] = (
    ("snowfall", air.draw_snow_haze),
    ("rain", air.draw_rain_haze),
    ("smoke", specks.draw_smoke),
    ("fog", air.draw_fog),
    ("explosion", specks.draw_explosion),
    ("fireworks", specks.draw_fireworks),
    ("snowfall", specks.draw_flakes),
    ("rain", specks.draw_rain),
    ("sepia", looks.draw_sepia),
    ("pixel_art", looks.draw_pixel_art),
)
"""What lies in the air between surface and eye, then what is done to the picture."""

# a change of no channel by more than this, of 255, is undone
_CHANGED = 1.0
_DUSK_LAMPS, _DAY_LAMPS = 0.55, 0.5


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
    scene.night = _strongest(by_kind, "night", t)
    scene.ground = _with_lamps(scene.ground, by_kind.get("lamp_post", []), t)
    _draw_stage(scene, SURFACES, by_kind, masks, t)
    _light(scene, by_kind, masks, t)
    _draw_stage(scene, AFTER_LIGHT, by_kind, masks, t)
    if "walker" in masks:
        masks["walker"] |= scene.mask_of("Visitor")
    for kind in masks.keys() & OBJECT_ACTORS.keys():
        masks[kind] |= scene.mask_of(OBJECT_ACTORS[kind])
        if kind in scene.objects:
            masks[kind] |= scene.objects[kind]
    return masks


def _with_lamps(ground: Ground, effects: Sequence[Effect], t: int) -> Ground:
    """The place with the lamps that events have put up, which burn as its own do."""
    lights = [effect.position for effect in effects if effect.position is not None and effect.strengths[t] > 0.0]
    return replace(ground, lamps=np.concatenate([ground.lamps, np.array(lights) / ground.units])) if lights else ground


def _draw_stage(
    scene: Scene, stage: Sequence[tuple[str, Draw]], by_kind: dict[str, list[Effect]],
    masks: dict[str, NDArray[np.bool_]], t: int,
) -> None:  # fmt: skip
    for kind, draw in stage:
        for effect in by_kind.get(kind, []):
            masks[kind] |= _changed_by(scene, lambda draw=draw, effect=effect: draw(scene, effect, t))


def _changed_by(scene: Scene, draw: Callable[[], object]) -> NDArray[np.bool_]:
    """(H, W) bool, the pixels that `draw` changes; a change too small to see is undone."""
    colour, depth, moving = scene.colour.copy(), scene.depth.copy(), scene.moving.copy()
    draw()
    changed = np.abs(scene.colour - colour).max(axis=-1) > _CHANGED
    changed |= (scene.depth != depth) | (scene.moving != moving)
    np.copyto(scene.colour, colour, where=~changed[..., None])
    return changed


def _light(scene: Scene, by_kind: dict[str, list[Effect]], masks: dict[str, NDArray[np.bool_]], t: int) -> None:
    """Daylight, lamps and fires at once, since each falls on what the others leave dark."""
    fires = [
        (effect, fire_brightness(effect, t)) for effect in by_kind.get("bonfire", []) if effect.position is not None
    ]
    blasts = [(effect, specks.explosion_light(effect, t)) for effect in by_kind.get("explosion", [])]
    sky = [effect for kind in hours.HOURS for effect in by_kind.get(kind, [])]
    lamps = _lamp_power(by_kind, t)
    if not (fires or blasts or sky or lamps > 0.0):
        return
    lit: list[NDArray[np.bool_]] = []
    daylight = hours.daylight(sky, t)

    def draw() -> None:
        lit.extend(draw_light(scene, daylight, lamps, fires + blasts))
        specks.draw_lamp_glow(scene, lamps)

    changed = _changed_by(scene, draw)
    for kind in (*hours.HOURS, "lamps_on", "lamps_off"):
        if kind in masks:
            masks[kind] |= changed
    for (effect, _), of_fire in zip(fires + blasts, lit, strict=True):
        # alone, fires have made every change
        masks[effect.kind] |= changed & of_fire if sky or lamps > 0.0 else changed
    if "bonfire" in masks:
        masks["bonfire"] |= scene.mask_of("Bonfire")


def _lamp_power(by_kind: dict[str, list[Effect]], t: int) -> float:
    """Lamps burn at night, dimmer at dusk, and by day where they are lit; a power cut puts all of them out."""
    night, dusk = _strongest(by_kind, "night", t), _DUSK_LAMPS * _strongest(by_kind, "dusk", t)
    lit = _strongest(by_kind, "lamps_on", t) * (_DAY_LAMPS + (1.0 - _DAY_LAMPS) * night)
    return max(night, dusk, lit) * (1.0 - _strongest(by_kind, "lamps_off", t))


def _strongest(by_kind: dict[str, list[Effect]], kind: str, t: int) -> float:
    return max((effect.strengths[t] for effect in by_kind.get(kind, [])), default=0.0)
