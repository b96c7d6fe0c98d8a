"""A window that shows frames to a person, by pygame (SDL)."""

from __future__ import annotations

import os
import sys

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


class Window:
    """An enlarged view of the world, opened at the first frame."""

    def __init__(self, title: str, min_height: int = 480) -> None:
        """Prepare a window; nothing opens yet."""
        check_display()
        self._title, self._min_height = title, min_height
        self._screen = None

    def show(self, frame: np.ndarray) -> None:
        """Show one frame, (H, W, 3) uint8."""
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
        pygame.display.flip()

    def close(self) -> None:
        """Close the window; may be called twice."""
        if self._screen is not None:
            import pygame

            pygame.display.quit()
            self._screen = None
