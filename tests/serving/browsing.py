"""`wm-gym play` of a small world, and Debian's Chromium on its page."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

CHROMIUM = shutil.which("chromium")
PLAY = ["backend=memory_only", "world=city/9", "prompt=", "height=36", "width=48", "port=0", "open_browser=false"]
FLAGS = [
    "--no-sandbox", "--no-first-run", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip
"""No look-ups of other hosts; WebGL without a graphics card."""


@contextmanager
def played(*settings):
    """The address of the page."""
    asked = [sys.executable, "-m", "wm_gym.cli", "play", *PLAY, *settings]
    server = subprocess.Popen(asked, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    yield re.search(r"http\S+", server.stdout.readline())[0]
    server.terminate()
    assert server.wait(30) in (0, -15)


def opened(browser, address):
    """A page on which a world has opened, and the errors that it will have had."""
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(address)
    page.wait_for_function("document.getElementById('message').textContent === ''", timeout=60_000)
    return page, errors


def step(page):
    return int(page.inner_text("#step"))


def walk(page, key="w", milliseconds=900):
    page.keyboard.down(key)
    page.wait_for_timeout(milliseconds)
    page.keyboard.up(key)
    page.wait_for_timeout(300)


def picture(page, canvas="world"):
    return page.evaluate(f"document.getElementById('{canvas}').toDataURL()")
