"""Films as profiles: their shots, cut into spans, and what is measured of each. A film is read once, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from wm_gym.train_world.curation.measures import (
    change,
    edges,
    exposure,
    overlay_share,
    picture_hash,
    sharpness,
    shift,
    thumbnail,
)

_SAMPLES_PER_SECOND = 4.0
_WINDOW_FRAMES = 2
_HASHES = 3
_LEAST_MOVED, _MOVED_CHANGE = 5, 8.0


@dataclass
class CutConfig:
    """How films are cut.

    Attributes:
        least_change: Mean difference of two frames, grey levels, from which there may be a cut between them.
        least_ratio: That difference over those of the frames beside, from which there is one.
        span_seconds: Longer shots are cut into equal spans of at most that.
    """

    least_change: float = 15.0
    least_ratio: float = 3.0
    span_seconds: float = 6.0


@dataclass(frozen=True)
class Span:
    """A part of a shot.

    Attributes:
        start_seconds: First frame.
        end_seconds: After the last frame.
        frames: How many.
        sharpness: Median variance of the Laplacian.
        dark: Mean share of black.
        bright: Mean share of white.
        change: Median difference of frames half a second apart, grey levels.
        motion: Ninth decile of how far the picture moves as a whole, widths a second.
        overlay: Share of the picture whose edges never move.
        hashes: Of its beginning, middle and end.
    """

    start_seconds: float
    end_seconds: float
    frames: int
    sharpness: float
    dark: float
    bright: float
    change: float
    motion: float
    overlay: float
    hashes: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Profile:
    """A film.

    Attributes:
        width: Columns.
        height: Rows.
        fps: Frames per second.
        seconds: How long it is.
        spans: Its spans, in order.
        problem: Why it cannot be read; empty for none.
    """

    width: int = 0
    height: int = 0
    fps: float = 0.0
    seconds: float = 0.0
    spans: list[Span] = field(default_factory=list)
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Profile:
        """The profile that `to_json` was called on."""
        return cls(**{**data, "spans": [Span(**row) for row in data["spans"]]})


@dataclass(frozen=True, eq=False)
class _Frame:
    """One frame: time, thumbnail, difference and motion since the one before; and what is measured of samples."""

    seconds: float
    small: np.ndarray
    change: float
    motion: float
    sharpness: float | None = None
    edges: np.ndarray | None = None


def profile_film(path: Path, config: CutConfig) -> Profile:
    """The profile of a film; of one that cannot be read whole, why.

    Args:
        path: Of the film.
        config: How it is cut.
    """
    try:
        with av.open(str(path)) as film:
            if not film.streams.video:
                return Profile(problem="cannot be read: it has no pictures")
            stream = film.streams.video[0]
            fps = float(stream.average_rate or stream.guessed_rate or 0) or 25.0
            shots = list(_shots(_frames(film, fps), config, fps))
            told = stream.width, stream.height
    except (OSError, av.error.FFmpegError) as error:
        reason = str(error).splitlines()[0] if str(error) else "its end comes too early"
        return Profile(problem=f"cannot be read whole: {reason.replace(str(path), path.name)}")
    spans = [span for shot in shots for span in shot]
    if not spans:
        return Profile(*told, fps, problem="cannot be read whole: it has fewer than two frames")
    return Profile(*told, round(fps, 3), round(spans[-1].end_seconds, 3), spans)


def _frames(film: Any, fps: float) -> Iterator[_Frame]:
    """Frames in order, each with what is measured of it alone and since the one before."""
    before, slot, start = None, -1, None
    for number, frame in enumerate(film.decode(video=0)):
        seconds = number / fps if frame.time is None else float(frame.time)
        start = seconds if start is None else start
        colour = frame.to_ndarray(format="rgb24")
        small = thumbnail(colour)
        is_sample = int((seconds - start) * _SAMPLES_PER_SECOND + 1e-6) > slot
        slot = int((seconds - start) * _SAMPLES_PER_SECOND + 1e-6) if is_sample else slot
        yield _Frame(
            seconds - start,
            small,
            0.0 if before is None else change(before, small),
            0.0 if before is None else shift(before, small) * fps,
            sharpness(colour) if is_sample else None,
            edges(colour) if is_sample else None,
        )
        before = small


def _shots(frames: Iterator[_Frame], config: CutConfig, fps: float) -> Iterator[list[Span]]:
    """Spans of each shot; a shot ends where the picture changes far more than beside.

    Source: the adaptive detector of PySceneDetect.
    """
    shot: list[_Frame] = []
    window: list[_Frame] = []
    for frame in frames:
        window.append(frame)
        if len(window) > 2 * _WINDOW_FRAMES + 1:
            window.pop(0)
        if len(window) <= _WINDOW_FRAMES:
            continue
        middle = window[-1 - _WINDOW_FRAMES]
        if shot and _is_cut(window, len(window) - 1 - _WINDOW_FRAMES, config):
            yield _spans(shot, config, fps)
            shot = []
        shot.append(middle)
    for k in range(max(0, len(window) - _WINDOW_FRAMES), len(window)):  # the last ones have less beside them
        if shot and _is_cut(window, k, config):
            yield _spans(shot, config, fps)
            shot = []
        shot.append(window[k])
    if len(shot) > 1:
        yield _spans(shot, config, fps)


def _is_cut(window: list[_Frame], at: int, config: CutConfig) -> bool:
    beside = [one.change for k, one in enumerate(window) if k != at]
    usual = max(float(np.mean(beside)) if beside else 0.0, 1e-3)
    return window[at].change >= config.least_change and window[at].change >= config.least_ratio * usual


def _spans(shot: list[_Frame], config: CutConfig, fps: float) -> list[Span]:
    count = max(1, int(np.ceil(len(shot) / (fps * config.span_seconds) - 1e-6)))
    ends = np.linspace(0, len(shot), count + 1).round().astype(int)
    return [_span(shot[first:last], fps) for first, last in pairwise(ends) if last > first]


def _span(frames: list[_Frame], fps: float) -> Span:
    apart = max(1, round(fps / 2))
    later = [change(frames[k].small, frames[k + apart].small) for k in range(0, len(frames) - apart, apart)]
    shares = np.array([exposure(one.small) for one in frames[:: max(1, apart // 2)]])
    sharp = [one.sharpness for one in frames if one.sharpness is not None]
    found = _moved_edges(frames)
    at = np.linspace(0, len(frames) - 1, _HASHES).round().astype(int)
    return Span(
        start_seconds=round(frames[0].seconds, 3),
        end_seconds=round(frames[-1].seconds + 1 / fps, 3),
        frames=len(frames),
        sharpness=round(float(np.median(sharp)), 2) if sharp else 0.0,
        dark=round(float(shares[:, 0].mean()), 4),
        bright=round(float(shares[:, 1].mean()), 4),
        change=round(float(np.median(later)), 3) if later else 0.0,
        motion=round(float(np.percentile([one.motion for one in frames[1:]], 90)), 4) if len(frames) > 1 else 0.0,
        overlay=round(overlay_share(np.stack(found)), 4) if len(found) >= _LEAST_MOVED else 0.0,
        hashes=[picture_hash(frames[k].small) for k in at],
    )


def _moved_edges(frames: list[_Frame]) -> list[np.ndarray]:
    """Edges of samples each of which shows something else than the one before: what stands still tells no overlay."""
    chosen: list[_Frame] = []
    for one in frames:
        if one.edges is not None and (not chosen or change(chosen[-1].small, one.small) >= _MOVED_CHANGE):
            chosen.append(one)
    return [one.edges for one in chosen if one.edges is not None]
