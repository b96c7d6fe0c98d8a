"""A window that shows frames to a person, by pygame (SDL), as fast as time passes in the world and no faster."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import numpy as np


def check_display() -> None:
    """Make sure that a window can be opened.

    Raises:
        RuntimeError: If there is no display.
        ImportError: If pygame is not installed.
    """
    has_display = sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    )
    if not has_display:
        raise RuntimeError(
            "render_mode 'human' must have a display, got none (DISPLAY and WAYLAND_DISPLAY are unset); "
            "use render_mode='rgb_array'"
        )
    try:
        import pygame  # noqa: F401
    except ImportError as error:
        raise ImportError("render_mode 'human' needs pygame: pip install 'wm-gym[play]'") from error


class Pace:
    """Waits until the next frame is due; who is late does not wait, and does not hurry afterwards."""

    def __init__(
        self, fps: float, clock: Callable[[], float] = time.perf_counter, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Begin; the first frame is due at once.

        Args:
            fps: Frames per second.
            clock: Seconds, always going up.
            sleep: Waits so many seconds.
        """
        self._seconds, self._clock, self._sleep = 1.0 / fps, clock, sleep
        self._due = float("-inf")

    def wait(self) -> None:
        """Until the next frame is due."""
        early = self._due - self._clock()
        if early > 0:
            self._sleep(early)
        self._due = max(self._due, self._clock()) + self._seconds


class Window:
    """An enlarged view of the world, opened at the first frame."""

    def __init__(self, title: str, fps: float, min_height: int = 480) -> None:
        """Prepare a window; nothing opens yet.

        Args:
            title: Of the window.
            fps: Frames of world time per second; frames that come sooner wait.
            min_height: Rows of the window at least.
        """
        check_display()
        self._title, self._min_height, self._pace = title, min_height, Pace(fps)
        self._screen = None

    def show(self, frame: np.ndarray) -> None:
        """Show one frame, (H, W, 3) uint8, when it is due."""
        import pygame

        height, width = frame.shape[:2]
        scale = max(1, -(-self._min_height // height))
        size = (width * scale, height * scale)
        if self._screen is None:
            pygame.display.init()
            pygame.display.set_caption(self._title)
            self._screen = pygame.display.set_mode(size)
        picture = pygame.surfarray.make_surface(frame.swapaxes(0, 1))
        self._screen.blit(pygame.transform.scale(picture, size), (0, 0))
        pygame.event.pump()
        self._pace.wait()
        pygame.display.flip()

    def close(self) -> None:
        """Close the window; may be called twice."""
        if self._screen is not None:
            import pygame

            pygame.display.quit()
            self._screen = None
