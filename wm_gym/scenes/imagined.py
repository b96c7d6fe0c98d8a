"""Openings of imagined places: from a name such as "imagined/city", a seed and a sentence to a first keyframe.

| world | what opens |
|---|---|
| "imagined" or "imagined/*" | a place of the family that the sentence names, or that the seed chooses |
| "imagined/city" or "imagined/city/*" | a city, chosen by the seed |
| "imagined/city/9" | that city |
"""

from __future__ import annotations

import numpy as np
import torch

from wm_gym.choices import did_you_mean
from wm_gym.geometry.cameras import intrinsics_from_fov, resize_intrinsics
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.layout.casting import UNDECIDED
from wm_gym.layout.imagination import board_round, lamps_of, shipped_imagination, standing_places
from wm_gym.plans import FAMILIES
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.scenes.openings import opening_for
from wm_gym.world_model import Capture, Imagined, ModelSpec, Opening

IMAGINED = "imagined"
FOV_DEGREES = 65.0
_WAYPOINTS = 64
_CAPTIONS = {
    "rooms": "Rooms and corridors of a flat or an office.",
    "city": "A street of a town with houses on both sides.",
    "courtyard": "A courtyard among houses.",
    "park": "A park with paths and lawns.",
    "warehouse": "A hall of a warehouse.",
    "joined": "A place that leads into others.",
}


def parse_imagined(world: str, seed: int, sentence: str = "") -> Imagined | None:
    """The place that a name asks for, or None where it is no name of an imagined one.

    Args:
        world: As in the table above.
        seed: Chooses where the name leaves a choice.
        sentence: What the place is to be like.

    Raises:
        ValueError: If the name has no such family or number.
    """
    first, *rest = world.split("/")
    if first != IMAGINED:
        return None
    family, number = (*rest, "", "")[:2]
    if family == "*" and len(rest) == 1:
        family = ""
    if len(rest) > 2 or (family and family not in FAMILIES) or (number not in ("", "*") and not number.isdecimal()):
        hint = did_you_mean(family, FAMILIES)
        raise ValueError(
            f"an imagined world must be 'imagined', 'imagined/FAMILY' or 'imagined/FAMILY/NUMBER' with a family of "
            f"{sorted(FAMILIES)}, got {world!r}{hint}"
        )
    return Imagined(int(number) if number.isdecimal() else seed, family, " ".join(sentence.split()))


def open_imagined(spec: ModelSpec, world: str, place: Imagined, finer: int = FINER) -> Opening:
    """The opening of an imagined place: one keyframe of what its plan shows from the start.

    Args:
        spec: Spec of the backend.
        world: Name that the user gave.
        place: What it asks for.
        finer: Rows and columns of the keyframe over those of frames.

    Raises:
        ValueError: If the backend cannot open from a keyframe or a prompt.
    """
    if not {"capture", "image", "text"} & {*spec.opens_from}:
        raise ValueError(f"backend {spec.name!r} opens places that it can build, got {world!r}, which is imagined")
    imagination = shipped_imagination()
    plan = imagination.opened(place)
    height, width = finer * spec.height, finer * spec.width
    intrinsics = intrinsics_from_fov(FOV_DEGREES, height, width)
    pose = camera_pose(START_BODY_POSE)
    asked = np.ones((height, width), bool)
    cast = imagination.shown(plan, board_round(plan, 0.0, 0.0), pose, intrinsics.numpy(), asked, spec.far_metres)
    depth = torch.from_numpy(np.where(cast.met == UNDECIDED, 0.0, cast.depth).astype(np.float32))
    capture = Capture(
        torch.from_numpy(cast.colour)[None], depth[None], torch.zeros(1, height, width, dtype=torch.bool),
        torch.from_numpy(pose).float()[None], intrinsics.float(),
    )  # fmt: skip
    spots = standing_places(plan, _WAYPOINTS, np.random.default_rng([place.seed, 91]))
    opening = Opening(
        name=world,
        prompt=place.sentence or _CAPTIONS[FAMILIES[plan.family]],
        intrinsics=resize_intrinsics(intrinsics, 1 / finer, 1 / finer).float(),
        waypoints=torch.from_numpy(spots).float(),
        capture=capture,
        lamps=torch.from_numpy(lamps_of(plan)).float(),
        imagined=place,
    )
    return opening_for(spec, opening)
