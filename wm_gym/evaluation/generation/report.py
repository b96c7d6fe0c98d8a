"""A report on what was generated: a table of text, figures as JSON, one page, and contact sheets."""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from wm_gym.evaluation.generation.curves import curves
from wm_gym.evaluation.generation.evaluating import ALL, CURVES, WINDOWS, Report
from wm_gym.evaluation.generation.sheets import sheets_of
from wm_gym.evaluation.trust.report import plain, table_of
from wm_gym.files.atomic import write_atomically

COLUMNS = {
    "feature_distance": "features", "pair_distance": "pairs", "patch_8_distance": "patch 8",
    "patch_16_distance": "patch 16", "colour_distance": "colours", "structure": "structure", "sharpness": "sharp",
    "unseen_sharpness": "unseen", "known_psnr_db": "known dB", "unseen_psnr_db": "unseen dB",
    "known_seeds_db": "seeds dB", "unseen_seeds_db": "unseen dB", "seeds_feature_distance": "seeds",
    "rotation_degrees": "turn deg",
}  # fmt: skip
"""Figures of the table, and their short names."""

_STYLE = (
    "body{font:14px sans-serif;margin:2em;max-width:1200px}table{border-collapse:collapse;margin:1em 0}"
    "td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #ddd}td:first-child{text-align:left}"
    "img{image-rendering:pixelated;max-width:100%}svg{margin-right:1em}"
)

_LEGEND = (
    "Distances: 0 is the truth; read them beside the row floor, which is true frames against other true frames. "
    "colours: grey levels by which mean colours of frames have to move. structure: share of frames that show a place, "
    "beside the truth's. sharp, unseen: gradient energy over the truth's, in all pixels and where nothing was seen. "
    "known dB, unseen dB: PSNR to the truth. seeds dB, unseen dB: PSNR between two seeds, low where they differ. "
    "seeds: how far apart their features are, 1 as two walks are. turn "
    "deg: median error of the turn that frames show, beside the truth's."
)


def table_rows(report: Report, at: str) -> list[list[str]]:
    """Cells of all rows at "chunk_8" or "all", the row's name first; empty where there is no such figure."""
    return [
        [row, *(_cell(report.figures.get(f"{row}/{at}/{figure}")) for figure in COLUMNS)]
        for row in report.rows
        if any(f"{row}/{at}/{figure}" in report.figures for figure in COLUMNS)
    ]


def table(report: Report) -> str:
    """Tables of text, one for each chunk that is shown and one of all chunks together."""
    width = 2 + max(len(row) for row in (*report.rows, "chunk 99"))
    lines = [", ".join(f"{name} {value:.3g}" for name, value in _whole(report).items())]
    for at in _places(report):
        lines += ["", at.replace("_", " ").ljust(width) + "".join(name.rjust(10) for name in COLUMNS.values())]
        lines += [
            name.ljust(width) + "".join(cell.rjust(10) for cell in cells) for name, *cells in table_rows(report, at)
        ]
    return "\n".join(lines)


def write_report(folder: Path, title: str, report: Report) -> None:
    """Write generation.json, index.html and a sheet_NAME.png of each generator, each whole or not at all.

    Args:
        folder: Is made where it is missing.
        title: Of the page.
        report: What was measured.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sheets = {name: _png(picture) for name, picture in sheets_of(report).items()}
    for name, data in sheets.items():
        write_atomically(folder / f"sheet_{_as_file(name)}.png", lambda file, data=data: file.write(data))
    text = json.dumps(plain({"title": title, **report.figures}), indent=1, allow_nan=False) + "\n"
    write_atomically(folder / "generation.json", lambda file: file.write(text.encode()))
    write_atomically(folder / "index.html", lambda file: file.write(_page(title, report, sheets).encode()))


def _page(title: str, report: Report, sheets: Mapping[str, bytes]) -> str:
    parts = [
        f"<!doctype html><meta charset='utf-8'><title>{html.escape(title)}</title><style>{_STYLE}</style>",
        f"<h1>{html.escape(title)}</h1><p>{html.escape(_LEGEND)}</p>",
        table_of(("of the whole", "value"), [(name, _cell(value)) for name, value in _whole(report).items()]),
    ]
    for at in _places(report):
        parts.append(f"<h2>{at.replace('_', ' ')}</h2>" + table_of(("", *COLUMNS.values()), table_rows(report, at)))
    parts.append(f"<h2>Windows of {report.figures['window']} chunks</h2>")
    parts += [_curve(report, figure) for figure in CURVES]
    for name, data in sheets.items():
        picture = base64.b64encode(data).decode()
        parts.append(f"<h2>{html.escape(name)}</h2><img alt='' src='data:image/png;base64,{picture}'>")
    return "\n".join(parts)


def _curve(report: Report, figure: str) -> str:
    """A curve of each row over the last chunks of windows; empty where nothing was measured."""
    found = {row: report.figures.get(f"{row}/{WINDOWS}/{figure}") for row in report.rows}
    lines = {row: line for row, line in found.items() if isinstance(line, list) and np.isfinite(line).any()}
    first = report.figures["window"]
    assert not isinstance(first, list)
    return curves(lines, figure.replace("_", " "), "last chunk of the window", first) if lines else ""


def _whole(report: Report) -> dict[str, float]:
    """Figures that are of no row."""
    rows = tuple(f"{row}/" for row in report.rows)
    return {
        name: value
        for name, value in report.figures.items()
        if not isinstance(value, list) and not name.startswith(rows)
    }


def _places(report: Report) -> Sequence[str]:
    return [*(f"chunk_{chunk}" for chunk in report.chunks), ALL]


def _cell(value: float | list[float] | None) -> str:
    if value is None or isinstance(value, list) or not math.isfinite(value):
        return ""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _as_file(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
