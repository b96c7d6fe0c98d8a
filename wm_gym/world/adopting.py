"""Openings whose people are taken out of the picture and go on as entities. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from scipy.ndimage import binary_dilation
from torch.nn.functional import adaptive_max_pool2d

from wm_gym.appearance.sight import Sight, rays_of
from wm_gym.entities.adoption import Sighting, find_people
from wm_gym.entities.drawing import EventDrawing
from wm_gym.entities.entity import Entity
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.memory.hints import Hints
from wm_gym.scenes.openings import first_keyframes
from wm_gym.world.entering import nearest_known
from wm_gym.world_model import Capture, ModelSpec, Opening


def adopt_people(
    drawing: EventDrawing, spec: ModelSpec, openings: Sequence[Opening], hints: Hints, seeds: Sequence[int]
) -> tuple[list[Opening], tuple[tuple[Entity, ...], ...]]:
    """The openings without the people in their first keyframes, and these people as entities.

    Where they stood there is what memory knows of the place, or else what is beside. Openings without a capture, and
    those with frames that lead up to the opening, stay as they are.

    Args:
        drawing: Knows people by their looks.
        spec: Of the backend.
        openings: N.
        hints: (N, T, H, W), what memory shows at the opening poses.
        seeds: N world seeds.
    """
    pairs = [
        _adopted(drawing, spec, opening, hints.of_world(n), seed)
        for n, (opening, seed) in enumerate(zip(openings, seeds, strict=True))
    ]
    return [opening for opening, _ in pairs], tuple(entities for _, entities in pairs)


def _adopted(
    drawing: EventDrawing, spec: ModelSpec, opening: Opening, hints: Hints, seed: int
) -> tuple[Opening, tuple[Entity, ...]]:
    capture = opening.capture
    if capture is None or capture.lead or not drawing.adopts or not bool(capture.moving[0].any()):
        return opening, ()
    pose, intrinsics = capture.world_from_camera[0].double().numpy(), capture.intrinsics.double().numpy()
    sight = Sight(capture.depth[0].numpy(), pose[:3, 3], rays_of(pose[:3, :3], intrinsics), spec.far_metres)
    people = find_people(sight, capture.moving[0].numpy(), -OPENING_EYE_METRES)
    if not people:
        return opening, ()
    entities = tuple(
        _entity(drawing, number, one, sight, capture.frames[0].numpy(), seed) for number, one in enumerate(people)
    )
    return replace(opening, capture=_without(spec, opening, people, hints)), entities


def _entity(drawing: EventDrawing, number: int, one: Sighting, sight: Sight, frame: np.ndarray, seed: int) -> Entity:
    """A person as an entity that no event has added."""
    looks, heading, phase_frames = drawing.recognise(frame, one, sight)
    own = int(np.random.SeedSequence([seed, number, 57]).generate_state(1)[0])
    x, y, z = (float(value) for value in one.foot)
    return Entity(
        "walker", -1 - number, own, (x, y, z), heading_radians=heading, phase_frames=phase_frames, looks=looks
    )


def _without(spec: ModelSpec, opening: Opening, people: Sequence[Sighting], hints: Hints) -> Capture:
    """A capture of the first keyframe alone, of frames' size, without these people."""
    chunk = first_keyframes([opening], spec)
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
    masks = torch.from_numpy(np.any([one.mask for one in people], axis=0)).float()[None]
    where = binary_dilation(adaptive_max_pool2d(masks, (spec.height, spec.width))[0].numpy() > 0)
    gone = torch.from_numpy(where)
    frame, depth, known = chunk.frames[0, 0].clone(), chunk.depth[0, 0].clone(), gone & hints.seen[-1].cpu()
    frame[known], depth[known] = hints.colour[-1].cpu()[known], hints.log_depth[-1].exp().cpu()[known]
    rows, columns = nearest_known(~(gone & ~known))
    still = chunk.moving[0, 0] & ~gone
    pose = chunk.world_from_camera[0]
    return Capture(frame[rows, columns][None], depth[rows, columns][None], still[None], pose, opening.intrinsics)
