"""Linked courtyards: courts of several kinds in the mass of a building, joined by passages."""

from __future__ import annotations

from wm_gym.plans.draft import Sketch
from wm_gym.plans.graphs import connected_choice
from wm_gym.plans.rect import Rect, around

PASSAGE = 3.0
BAY = 5.0
PILLAR = 1.0
_WALK = 4.0


def draw_courtyard(sketch: Sketch, width: float, height: float) -> Rect:
    """Draws courtyards at most `width` by `height` metres large from (0, 0) on; gives their extent."""
    xs, ys = _cuts(sketch, width), _cuts(sketch, height)
    cells = _choose(sketch, len(xs) - 1, len(ys) - 1)
    courts = [_inside(sketch, Rect(xs[i], ys[j], xs[i + 1], ys[j + 1])) for i, j in cells]
    arcades = 0
    for court in courts:
        arcades += _draw_court(sketch, court, may_have_arcade=arcades < (1 if width < 60 else 2))
    beside = [
        (a, b) for a, (i, j) in enumerate(cells) for b, (k, m) in enumerate(cells) if (k - i, m - j) in ((1, 0), (0, 1))
    ]
    for a, b in connected_choice(beside, 0.5, sketch.rng):
        _join(sketch, courts[a], courts[b], level=cells[b][0] > cells[a][0])
        sketch.link(a, b)
    return Rect(0.0, 0.0, xs[-1], ys[-1])


def _cuts(sketch: Sketch, length: float) -> list[float]:
    """Where the cells of courts begin and end along one axis."""
    cuts = [0.0]
    while cuts[-1] + 20 <= length and len(cuts) < 5:
        cuts.append(min(length, cuts[-1] + 2.0 * sketch.between(10, 14)))
    return cuts


def _choose(sketch: Sketch, columns: int, rows: int) -> list[tuple[int, int]]:
    """Cells side by side, from one cell on."""
    count = min(columns * rows, sketch.between(6, 12))
    chosen = [(sketch.between(0, columns - 1), sketch.between(0, rows - 1))]
    while len(chosen) < count:
        i, j = chosen[int(sketch.rng.integers(len(chosen)))]
        di, dj = ((1, 0), (-1, 0), (0, 1), (0, -1))[int(sketch.rng.integers(4))]
        cell = i + di, j + dj
        if cell not in chosen and 0 <= cell[0] < columns and 0 <= cell[1] < rows:
            chosen.append(cell)
    return sorted(chosen)


def _inside(sketch: Sketch, cell: Rect) -> Rect:
    """A court within its cell, at least 12 m wide; the middle of the cell always lies in it."""
    margins = [float(sketch.between(1, 3)) for _ in range(4)]
    return Rect(cell.x0 + margins[0], cell.y0 + margins[1], cell.x1 - margins[2], cell.y1 - margins[3])


def _draw_court(sketch: Sketch, court: Rect, *, may_have_arcade: bool) -> bool:
    """One court of a drawn kind; gives whether it has arcades."""
    kinds = ["garden", "fountain court", "grove", "paved court", "pool court"]
    if may_have_arcade and min(court.width, court.height) >= 17:
        kinds += ["arcade court"] * 3
    kind = kinds[int(sketch.rng.integers(len(kinds)))]
    sketch.space(kind, court)
    look = sketch.between(0, 3)
    if kind == "arcade court":
        court = _arcade(sketch, court, look)
    else:
        sketch.lay("court", court, look)
    _fill(sketch, kind, court)
    return kind == "arcade court"


def _arcade(sketch: Sketch, ring: Rect, look: int) -> Rect:
    """A covered walk with pillars round a court; gives the court in its middle."""
    sketch.lay("walk", ring)
    arch = ring.inset(_WALK - PILLAR)
    court = ring.inset(_WALK)
    sketch.lay("arch", arch)
    sketch.lay("court", court, look)
    bays_x, bays_y = round((court.width + PILLAR) / BAY), round((court.height + PILLAR) / BAY)
    for n in range(bays_x + 1):
        x = arch.x0 + (arch.width - PILLAR) * n / bays_x
        for y in (arch.y0, court.y1):
            sketch.lay("pillar", Rect(x, y, x + PILLAR, y + PILLAR))
    for n in range(1, bays_y):
        y = arch.y0 + (arch.height - PILLAR) * n / bays_y
        for x in (arch.x0, court.x1):
            sketch.lay("pillar", Rect(x, y, x + PILLAR, y + PILLAR))
    return court


def _fill(sketch: Sketch, kind: str, court: Rect) -> None:
    """What stands in a court; a cross of paths 4 m wide stays clear between its sides and middle."""
    x, y = court.centre
    quarters = [(sx, sy) for sx in (-1, 1) for sy in (-1, 1)]
    half_x, half_y = court.width / 2 - 2.5, court.height / 2 - 2.5
    if kind in ("garden", "arcade court", "grove") and min(half_x, half_y) > 3.5:
        for sx, sy in quarters:
            xs, ys = sorted((x + sx * 2.5, x + sx * half_x)), sorted((y + sy * 2.5, y + sy * half_y))
            sketch.lay("lawn", Rect(xs[0], ys[0], xs[1], ys[1]))
    if kind == "pool court":
        sketch.lay("pool", around(x, y, court.width - 10.0, court.height - 10.0))
    if not sketch.richness:
        return
    if kind in ("fountain court", "arcade court"):
        sketch.lay("fountain", around(x, y, 3.0, 3.0))
    if kind in ("garden", "grove", "arcade court", "paved court"):
        for sx, sy in quarters:
            at = x + sx * (half_x + 2.5) / 2, y + sy * (half_y + 2.5) / 2
            sketch.stand("tree", *at)
            if kind == "garden" and min(half_x, half_y) > 4 and sketch.richness == 2:
                sketch.lay("bed", around(at[0], y + sy * (half_y - 0.75), 2.5, 1.0))
    for sx, sy in quarters[:: 1 + (kind != "paved court")]:
        sketch.stand("lamp", x + sx * (half_x + 1.0), y + sy * (half_y + 1.0))
    if sketch.richness == 2 and sketch.chance(0.4):
        sketch.stand("flock", x, y)


def _join(sketch: Sketch, a: Rect, b: Rect, *, level: bool) -> None:
    """A passage between two courts, somewhere along the walls that face each other."""
    low, high = (max(a.y0, b.y0), min(a.y1, b.y1)) if level else (max(a.x0, b.x0), min(a.x1, b.x1))
    at = low + 1.5 + 0.5 * int(sketch.rng.integers(int(2 * (high - low - PASSAGE - 3.0))))
    rect = Rect(a.x1, at, b.x0, at + PASSAGE) if level else Rect(at, a.y1, at + PASSAGE, b.y0)
    sketch.lay("passage", rect)
