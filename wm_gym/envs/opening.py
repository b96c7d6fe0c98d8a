"""How the worlds of episodes open: the place that was asked for, seen from the body's height through the asked lens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.options import ResetOptions
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.reconstruction.estimates import DepthEstimator
from wm_gym.scenes.images import open_picture
from wm_gym.scenes.logs.films import open_film
from wm_gym.scenes.named import open_named
from wm_gym.scenes.openings import opening_for
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World
from wm_gym.world_model import ModelSpec, Opening


def find_opening(
    asked: ResetOptions,
    config: EpisodeConfig,
    spec: ModelSpec,
    world_seed: int,
    estimator: DepthEstimator | None = None,
) -> Opening:
    """The opening that options of `reset`, or else the settings, ask for; bare pictures have the estimator's depth.

    Raises:
        ValueError: If the backend cannot open from an option.
    """
    for name in ("image", "video"):
        if getattr(asked, name) is not None and not {"capture", "image"} & {*spec.opens_from}:
            raise ValueError(f"backend {spec.name!r} cannot open from option {name!r}")
    if asked.video is not None:
        if estimator is None:
            raise ValueError("option 'video' must come with reconstruction_settings={'depth': ...}, got 'ground'")
        opening = opening_for(spec, open_film(asked.video, estimator, spec.height, spec.width, config.finer))
    elif asked.image is None:
        world = config.world if asked.world is None else asked.world
        opening = open_named(spec, world, world_seed, config.difficulty, config.finer, asked.prompt or "")
    else:
        named = bool(config.reconstruction_settings)  # by itself the network that ships bends a panorama
        picture = open_picture(
            asked.image, spec.height, spec.width, depth=asked.depth, estimator=estimator, of_panoramas=named,
            finer=config.finer,
        )  # fmt: skip
        opening = opening_for(spec, picture)
    return opening if asked.prompt is None else replace(opening, prompt=asked.prompt)


def open_worlds(
    world: World,
    openings: Sequence[Opening],
    seeds: Sequence[int],
    *,
    rise_metres: float = 0.0,
    fov_degrees: float | None = None,
) -> tuple[WorldState, Outcome]:
    """Open worlds, with their cameras at the body's height and with the asked field of view.

    What is opened from frames shows the first of them, with its lens. Where the camera is to be another, one chunk is
    generated on the way there, and it is the opening that an episode shows. A simulator opens with any lens at once.

    Args:
        world: The backend and its memory.
        openings: N.
        seeds: N world seeds.
        rise_metres: Height of the body's camera over that of the openings.
        fov_degrees: Horizontal field of view, or None for that of each opening.
    """
    wanted = [_with_fov(opening, world.spec, fov_degrees) for opening in openings]
    first = [opening if _holds_frames(opening) else one for opening, one in zip(openings, wanted, strict=True)]
    state, outcome = world.start(first, seeds)
    if not rise_metres and all(opening is one for opening, one in zip(first, wanted, strict=True)):
        return state, outcome
    lenses = [replace(held, intrinsics=one.intrinsics) for held, one in zip(state.openings, wanted, strict=True)]
    return world.follow(
        replace(state, openings=tuple(lenses)), _rising_path(state, rise_metres, world.spec.frames_per_step)
    )


def open_views(
    world: World, opening: Opening, seed: int, body_poses: np.ndarray, *, fov_degrees: float | None = None
) -> tuple[WorldState, Outcome]:
    """Several views of one world, which share its memory.

    Where there is a capture, the model opens at each pose on what memory shows there; a simulator shows every pose at
    once.

    Args:
        world: The backend and its memory.
        opening: Of the world.
        seed: Of the world.
        body_poses: (N, 5), where the views open.
        fov_degrees: Horizontal field of view, or None for that of the opening.
    """
    count, one = len(body_poses), _with_fov(opening, world.spec, fov_degrees)
    if opening.capture is not None:
        return world.start([one] * count, [seed] * count, body_poses, is_shared=True)
    state, _ = world.start([one] * count, [seed] * count, is_shared=True)
    return world.follow(state, np.repeat(body_poses[:, None], world.spec.frames_per_step, axis=1))


def _with_fov(opening: Opening, spec: ModelSpec, fov_degrees: float | None) -> Opening:
    if fov_degrees is None:
        return opening
    return replace(opening, intrinsics=intrinsics_from_fov(fov_degrees, spec.height, spec.width).float())


def _holds_frames(opening: Opening) -> bool:
    return opening.capture is not None or opening.image is not None


def _rising_path(state: WorldState, rise_metres: float, num_frames: int) -> np.ndarray:
    """(N, T, 5) body poses that go straight up by `rise_metres`."""
    path = np.repeat(state.body_poses[:, None], num_frames, axis=1)
    path[..., 2] += rise_metres * np.arange(1, num_frames + 1) / num_frames
    return path
