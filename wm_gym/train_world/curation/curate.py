"""`wm-gym curate`: a table of the spans of films in a folder, which are fit for training, and why others are not.

Source: TeleWorld, section 4.1 (quality, overlaid text, motion) and LingBot-World, section 2.2 (profiles, captions).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from wm_gym.files.atomic import check_writable, sweep, write_atomically
from wm_gym.progress import progress_bar
from wm_gym.scenes.logs.films import FILM_SUFFIXES
from wm_gym.train_world.curation.measures import hash_distance
from wm_gym.train_world.curation.profiles import CutConfig, Profile, Span, profile_film

Captioner = Callable[[np.ndarray], str]
"""A picture (H, W, 3) uint8 to a sentence."""

COLUMNS: tuple[str, ...] = (
    "file", "start_seconds", "end_seconds", "frames", "width", "height", "fps", "sharpness", "dark", "bright", "change",
    "motion", "overlay", "kept", "reason", "caption",
)  # fmt: skip


@dataclass
class CaptionConfig:
    """Who captions the spans that are kept.

    Attributes:
        endpoint: Address of an OpenAI-compatible endpoint; empty for no captions.
        model: Name of its model.
        settings: Further fields of `wm_gym.agents.vlm.endpoint.EndpointConfig`.
    """

    endpoint: str = ""
    model: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class CurateConfig:
    """Which films, and what is left out. Thresholds may be changed later: films are not read again.

    Attributes:
        from_: Folder of films, with the folders in it.
        output: Folder of the table, `spans.csv` and `spans.json`, and of the profiles that are done.
        least_rows: Least height in pixels.
        least_seconds: Least length of a span.
        least_sharpness: Least variance of the Laplacian at 240 rows.
        most_dark: Most of a picture that may be black.
        most_bright: Most of a picture that may be white.
        least_change: Least difference of frames half a second apart, grey levels; what stands stiller teaches nothing.
        most_motion: Fastest motion of the picture as a whole, widths a second.
        most_overlay: Most of a picture whose edges may stay while it moves: text, logos, frames.
        least_distance: Least bits in which hashes of two spans differ, of 64; nearer ones are duplicates.
        cuts: How films are cut.
        captions: Who captions what is kept.
    """

    from_: str = "films"
    output: str = "outputs/curation"
    least_rows: int = 240
    least_seconds: float = 1.0
    least_sharpness: float = 40.0
    most_dark: float = 0.6
    most_bright: float = 0.4
    least_change: float = 5.0
    most_motion: float = 1.5
    most_overlay: float = 0.005
    least_distance: int = 7
    cuts: CutConfig = field(default_factory=CutConfig)
    captions: CaptionConfig = field(default_factory=CaptionConfig)


def curate(config: CurateConfig, caption: Captioner | None = None) -> dict[str, int]:
    """Profile the films that have not been profiled, and write the table; returns how many spans had which reason.

    Args:
        config: Which films, and what is left out.
        caption: Captions what is kept, or None.

    Raises:
        ValueError: If there is no such folder, it holds no film, or the output cannot be written.
        RuntimeError: If the disk cannot take a file; profiles that are done stay.
    """
    check_writable(config.output, is_folder=True)
    folder, output = Path(config.from_), Path(config.output)
    films = films_in(folder)
    (output / "profiles").mkdir(parents=True, exist_ok=True)
    sweep(output / "profiles")
    profiles = {
        film: _profiled(film, folder, output, config.cuts) for film in progress_bar(films, desc="films", unit="film")
    }
    rows = _judged(profiles, folder, config)
    if caption is not None:
        _caption(rows, folder, output, caption)
    _write(rows, output, config)
    counts: dict[str, int] = {}
    for row in rows:
        reason = "kept" if row["kept"] else str(row["reason"]).partition(":")[0].partition(" of ")[0]
        counts[reason] = counts.get(reason, 0) + 1
    return counts


def films_in(folder: Path) -> list[Path]:
    """Its films, in order of their names; links that lead out of it are no part of it.

    Raises:
        ValueError: If there is no such folder, or no film in it.
    """
    if not folder.is_dir():
        raise ValueError(f"from must be a folder of films, got {str(folder)!r}, which is none")
    home = folder.resolve()
    films = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in FILM_SUFFIXES and path.is_file() and path.resolve().is_relative_to(home)
    ]
    if not films:
        raise ValueError(f"from must hold films ({', '.join(FILM_SUFFIXES)}), got none in {str(folder)!r}")
    return films


def reason_of(span: Span, profile: Profile, config: CurateConfig) -> str:
    """Why a span is left out, or "" for nothing that is wrong with it alone."""
    seconds = span.end_seconds - span.start_seconds
    checks = (
        (profile.height < config.least_rows, f"small: {profile.height} rows"),
        (seconds < config.least_seconds - 1e-3, f"short: {seconds:.2f} s"),
        (span.dark > config.most_dark, f"dark: {span.dark:.0%} black"),
        (span.bright > config.most_bright, f"overexposed: {span.bright:.0%} white"),
        (span.sharpness < config.least_sharpness, f"blurred: sharpness {span.sharpness:.1f}"),
        (span.change < config.least_change, f"still: {span.change:.2f} grey levels in half a second"),
        (span.motion > config.most_motion, f"too fast: {span.motion:.2f} widths a second"),
        (span.overlay > config.most_overlay, f"overlay: {span.overlay:.1%} of the picture never moves"),
    )
    return next((told for is_wrong, told in checks if is_wrong), "")


def _profiled(film: Path, folder: Path, output: Path, cuts: CutConfig) -> Profile:
    """The profile of a film, from its file where it is done."""
    state = film.stat()
    key = f"{film.relative_to(folder)} {state.st_size} {state.st_mtime_ns} {json.dumps(asdict(cuts))}"
    path = output / "profiles" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
    try:
        return Profile.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        profile = profile_film(film, cuts)
    told = json.dumps(profile.to_json())
    write_atomically(path, lambda file: file.write(told.encode()))
    return profile


def _judged(profiles: dict[Path, Profile], folder: Path, config: CurateConfig) -> list[dict[str, Any]]:
    """Rows of the table, in order."""
    rows: list[dict[str, Any]] = []
    kept: list[tuple[str, Span]] = []
    for film, profile in profiles.items():
        name = film.relative_to(folder).as_posix()
        of_film = {"file": name, "width": profile.width, "height": profile.height, "fps": profile.fps}
        if profile.problem:
            rows.append(of_film | {"kept": False, "reason": profile.problem})
        for span in profile.spans:
            reason = reason_of(span, profile, config) or _duplicate(span, kept, config.least_distance)
            if not reason:
                kept.append((f"{name} at {span.start_seconds:.2f} s", span))
            measured = {key: value for key, value in asdict(span).items() if key in COLUMNS}
            rows.append(of_film | measured | {"kept": not reason, "reason": reason})
    return [{column: row.get(column, "") for column in COLUMNS} for row in rows]


def _duplicate(span: Span, kept: list[tuple[str, Span]], least_distance: int) -> str:
    for name, other in kept:
        pairs = zip(span.hashes, other.hashes, strict=True)
        if np.mean([hash_distance(first, second) for first, second in pairs]) < least_distance:
            return f"duplicate of {name}"
    return ""


def _caption(rows: list[dict[str, Any]], folder: Path, output: Path, caption: Captioner) -> None:
    """Fill captions in; those that were asked for before are read from their file."""
    path, done = output / "captions.json", {}
    if path.is_file():
        done = json.loads(path.read_text(encoding="utf-8"))
    for row in progress_bar([row for row in rows if row["kept"]], desc="captions", unit="span"):
        key = f"{row['file']} {row['start_seconds']} {row['end_seconds']}"
        if key not in done:
            told = caption(_middle_picture(folder / row["file"], (row["start_seconds"] + row["end_seconds"]) / 2))
            if told:
                done[key] = told
                text = json.dumps(done, ensure_ascii=False, indent=1)
                write_atomically(path, lambda file, text=text: file.write(text.encode()))
        row["caption"] = done.get(key, "")


def _middle_picture(path: Path, seconds: float) -> np.ndarray:
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        start = float((stream.start_time or 0) * (stream.time_base or 1))
        film.seek(int((start + seconds) * av.time_base))
        for frame in film.decode(video=0):
            if frame.time is None or frame.time - start >= seconds - 0.5 / float(stream.average_rate or 25):
                return frame.to_ndarray(format="rgb24")
    raise ValueError(f"{path} must show a picture at {seconds:.2f} s, got none")


def _write(rows: list[dict[str, Any]], output: Path, config: CurateConfig) -> None:
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    settings = {name: value for name, value in asdict(config).items() if name != "captions"}
    told = json.dumps({"settings": settings, "spans": rows}, indent=1, ensure_ascii=False) + "\n"
    for name, text in (("spans.csv", table.getvalue()), ("spans.json", told)):
        write_atomically(output / name, lambda file, text=text: file.write(text.encode()))
