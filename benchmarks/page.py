"""The page of `wm-gym play` in a real browser: from key to pixel, frames a second, time without a stall.

    python benchmarks/page.py --backends memory_only video --json page.json --screenshots shots

Debian's Chromium, driven by Playwright (`pip install 'wm-gym[dev]'`), opens the page of a server of its own. What is
measured is read off the canvas before every frame of the screen, not told by the page.

JSON keys: `machine`; for each backend `BACKEND_key_ms_50`, `BACKEND_key_ms_95`: from a key's event, pressed while
nothing moves, to the first frame of the screen on which the picture is another, `--keys` keys;
`BACKEND_walking_key_ms_50` and `_95`: the same from the page's own figure, for keys pressed while walking;
`BACKEND_shown_fps`: pictures a second while W is held for `--seconds`, and `BACKEND_world_fps`, those of the world;
`BACKEND_unstalled_share`: share of that time in which the next picture came within `STALL` times its due interval.
`shared_fps`, `shared_unstalled_share`: the same in a second browser that only sees the first one's body walk.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from machine import machine, machine_line

STALL = 2.5
WAIT_MILLISECONDS = 300_000

FLAGS = [
    "--no-sandbox", "--no-first-run", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip

WATCH = """() => {
    const canvas = document.getElementById("world");
    const context = canvas.getContext("2d");
    const look = () => {
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        let sum = 0;
        for (let k = 0; k < data.length; k += 4) sum = (sum * 31 + data[k] + 7 * data[k + 1] + 13 * data[k + 2]) | 0;
        return sum;
    };
    window.shown = { times: [], pressed: null, latencies: [] };
    let last = look();
    addEventListener("keydown", (event) => {
        if (!event.repeat) window.shown.pressed ??= event.timeStamp;
    }, true);
    const frame = () => {
        const now = look();
        if (now !== last) {
            window.shown.times.push(performance.now());
            if (window.shown.pressed !== null) window.shown.latencies.push(performance.now() - window.shown.pressed);
            window.shown.pressed = null;
            last = now;
        }
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


@contextmanager
def played(*settings: str) -> Iterator[str]:
    """Address of the page of a server of its own."""
    asked = [sys.executable, "-m", "wm_gym.cli", "play", "port=0", "open_browser=false", "twin=false", "prompt="]
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    server = subprocess.Popen([*asked, *settings], stdout=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    try:
        found = re.search(r"http\S+", server.stdout.readline())
        assert found is not None, "the server must say where the page is"
        yield found[0]
    finally:
        server.terminate()
        server.wait()


def opened(browser: Any, address: str) -> Any:
    """A page on which a world has opened, in a browser's profile of its own."""
    page = browser.new_context(viewport={"width": 1280, "height": 760}).new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    page.goto(address)
    page.wait_for_function("document.getElementById('message').textContent === ''")
    page.evaluate(WATCH)
    return page


def key_latencies(page: Any, keys: int) -> list[float]:
    """Milliseconds from keys, pressed while nothing moves, to another picture."""
    for n in range(keys):
        page.keyboard.press("ArrowLeft" if n % 2 else "ArrowRight")
        page.wait_for_function(f"window.shown.latencies.length > {n} || window.shown.pressed === null")
        page.wait_for_timeout(700)
    return page.evaluate("window.shown.latencies")


def watched(page: Any, seconds: float, walk: Any) -> list[float]:
    """Times in milliseconds at which other pictures were shown while somebody walks."""
    page.evaluate("window.shown.times = []")
    walk.keyboard.down("w")
    began = time.monotonic()
    while time.monotonic() < began + seconds:  # turning now and then, so that no wall ends the walk
        walk.wait_for_timeout(700)
        walk.keyboard.press("ArrowLeft")
    walk.keyboard.up("w")
    return page.evaluate("window.shown.times")


def flow(times: list[float], fps: float) -> dict[str, float]:
    """Pictures a second, and the share of time without a stall."""
    gaps = [later - earlier for earlier, later in pairwise(times)]
    if not gaps:
        return {"shown_fps": 0.0, "unstalled_share": 0.0}
    stalled = sum(gap for gap in gaps if gap > STALL * 1000 / fps)
    return {"shown_fps": 1000 * len(gaps) / sum(gaps), "unstalled_share": 1 - stalled / sum(gaps)}


def share_at(values: list[float], share: float) -> float:
    """The value under which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def alone(browser: Any, address: str, asked: argparse.Namespace, name: str) -> dict[str, float]:
    """Figures of one player."""
    page = opened(browser, address)
    pressed = key_latencies(page, asked.keys)
    fps = world_fps(page)
    found = {"world_fps": fps, **flow(watched(page, asked.seconds, page), fps)}
    found |= {"key_ms_50": statistics.median(pressed), "key_ms_95": share_at(pressed, 0.95)}
    told = re.findall(r"\d+", page.inner_text("#latency"))
    found |= {"walking_key_ms_50": float(told[0]), "walking_key_ms_95": float(told[1])}
    for box in ("cloud", "depth", "hints"):
        page.check(f"#show-{box}")
    page.wait_for_timeout(1500)
    shoot(page, asked, name)
    page.context.close()
    return found


def world_fps(page: Any) -> float:
    """Frames a second of the world's time."""
    return float(page.evaluate("document.getElementById('world').dataset.fps"))


def together(browser: Any, address: str, asked: argparse.Namespace) -> dict[str, float]:
    """Figures of one who stands and sees another walk."""
    page = opened(browser, address)
    page.click("#share")
    link = page.wait_for_selector("text=join as a player").get_attribute("href")
    walking, standing = (opened(browser, address.partition("/#")[0] + link) for _ in range(2))
    walking.wait_for_timeout(1500)
    seen = flow(watched(standing, asked.seconds, walking), world_fps(page))
    shoot(walking, asked, "first")
    shoot(standing, asked, "second")
    return {"shared_fps": seen["shown_fps"], "shared_unstalled_share": seen["unstalled_share"]}


def shoot(page: Any, asked: argparse.Namespace, name: str) -> None:
    """Keep a picture of a page, where they are asked for."""
    if asked.screenshots:
        asked.screenshots.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=asked.screenshots / f"{name}.png")


def main() -> None:
    """Measure, print, and write the figures."""
    from playwright.sync_api import sync_playwright  # pyright: ignore[reportMissingImports]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backends", nargs="+", default=["memory_only", "video"])
    parser.add_argument("--world", default="city/9")
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--screenshots", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine()}
    with sync_playwright() as playwright:
        chromium = playwright.chromium
        browser = chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS, timeout=WAIT_MILLISECONDS)
        for backend in asked.backends:
            with played(f"backend={backend}", f"world={asked.world}", "height=48", "width=64") as address:
                found = alone(browser, address, asked, backend)
                figures |= {f"{backend}_{name}": value for name, value in found.items()}
                if backend == asked.backends[0]:
                    figures |= together(browser, address, asked)
        browser.close()
    print(machine_line())
    print("\n".join(f"{name:32s}{value:.3f}" for name, value in figures.items() if isinstance(value, float)))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
