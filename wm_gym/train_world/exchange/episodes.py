"""Episodes of others, and the clips that they are cut into. Knows nothing of files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from wm_gym.geometry.motion import velocities_from_keys
from wm_gym.train_world.data.environments.clips import Moved, Told, clip_of
from wm_gym.train_world.data.environments.config import TWIST_PARTS, SourceConfig, keys_of_chord
from wm_gym.train_world.data.environments.frames import Shown
from wm_gym.train_world.data.environments.poses import camera_of
from wm_gym.train_world.data.environments.reading import depth_of, mask_of, picture_of
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import Clip
from wm_gym.world.movement import keys_of

_POLICY, _CONTROLLER = "imported", "recorded"
_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Episode:
    """One episode of T frames, as its file has it.

    Attributes:
        number: In its data set.
        frames: T pictures.
        depths: T maps, or None.
        poses: T poses, or None.
        moving: T masks, or None.
        actions: At least T - 1 actions, each taken after its frame.
        texts: T texts: what was asked for, or what it looks like.
    """

    number: int
    frames: Any
    depths: Any
    poses: Any
    moving: Any
    actions: np.ndarray
    texts: tuple[str, ...]


def clips_of(
    episode: Episode, source: SourceConfig, spec: RecordingSpec, steps: int, *, agrees: bool = False
) -> Iterator[Clip]:
    """The clips of so many steps that follow one another in an episode; what is left at its end is left out.

    Args:
        episode: Of another's data set.
        source: How it is read.
        spec: Of the recording.
        steps: S.
        agrees: Whether depth must agree with poses and lens.

    Raises:
        ValueError: If it does not hold what the settings say.
    """
    length, total = steps * spec.frames_per_step, len(episode.frames)
    if len(episode.actions) < total - 1:
        raise ValueError(
            f"episode {episode.number} must have an action after each frame but the last, got {len(episode.actions)} "
            f"actions of {total} frames"
        )
    twists = twists_of(episode.actions[: total - 1], source) if total > length else np.zeros((0, 4))
    for first in range(0, total - length, length):
        shown = _shown(episode, range(first, first + length + 1), source)
        held = twists[first : first + length].reshape(steps, spec.frames_per_step, 4).mean(1).astype(np.float32)
        texts = episode.texts[first : first + length : spec.frames_per_step]
        told = Told(spec.name, episode.number, tuple(text or source.prompt for text in texts), _POLICY, _CONTROLLER)
        yield clip_of(shown, Moved(keys_of(held), held), told, source, spec, agrees=agrees)


def twists_of(actions: np.ndarray, source: SourceConfig) -> np.ndarray:
    """(K, 4) float64 twists of K actions: by chords, by the vectors of a twist's parts, or as they are.

    Raises:
        ValueError: If an action is none of a chord, or beyond full speed.
    """
    if source.actions and not source.moves_by_twists:
        return _by_chord(actions, source)
    if not source.actions:
        twists = np.asarray(actions, np.float64).reshape(len(actions), -1)
        if twists.shape[1] != len(TWIST_PARTS):
            raise ValueError(
                "source.actions must say what actions mean that are not forward, left, yaw and pitch themselves, got "
                f"none for actions of {twists.shape[1]} numbers"
            )
    else:
        vectors = np.array([source.actions[name] for name in source.actions], np.float64)
        flat = np.asarray(actions, np.float64).reshape(len(actions), -1)
        if vectors.ndim != 2 or vectors.shape[1] != flat.shape[1]:
            raise ValueError(f"source.actions must be vectors of {flat.shape[1]} numbers, got {vectors.shape}")
        twists = np.zeros((len(actions), len(TWIST_PARTS)))
        twists[:, [TWIST_PARTS.index(name) for name in source.actions]] = flat @ np.linalg.pinv(vectors)
    fastest = float(np.abs(twists).max(initial=0.0))
    if not fastest <= 1 + _TOLERANCE:
        raise ValueError(f"source.actions must be those of full speed, got an action of {fastest:.3g} times that")
    return twists.clip(-1, 1)  # what rounding left over


def _by_chord(actions: np.ndarray, source: SourceConfig) -> np.ndarray:
    chords = {_plain(action): velocities_from_keys(keys_of_chord(chord)) for chord, action in source.actions.items()}
    plain = [_plain(action) for action in actions]
    unknown = next((one for one in plain if one not in chords), None)
    if unknown is not None:
        raise ValueError(f"source.actions must hold every action of the data set, got {list(unknown)} in it")
    return np.array([chords[one] for one in plain])


def _plain(action: Any) -> tuple[float, ...]:
    return tuple(float(one) for one in np.asarray(action, np.float64).reshape(-1).round(6))


def _shown(episode: Episode, rows: range, source: SourceConfig) -> Shown:
    shown = Shown()
    for row in rows:
        picture = picture_of(episode.frames[row], source.rgb)
        size = picture.shape[:2]
        shown.frames.append(picture)
        if episode.depths is not None:
            shown.depths.append(depth_of(episode.depths[row], size, source.pinhole(*size), source))
        if episode.poses is not None:
            shown.poses.append(camera_of(episode.poses[row], source))
        if episode.moving is not None:
            shown.moving.append(mask_of(episode.moving[row], size))
    return shown
