"""The simulator, known by its name alone: it is imported when a place must be built or captured."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from wm_gym.world_model import Opening, Place

OPEN_PLACE = "wm_gym.backends.twin.opening:open_place"
CAPTURE_PLACE = "wm_gym.backends.twin.capture:capture_place"


def simulator_is_installed() -> bool:
    """Whether ViZDoom, the simulator's engine, can be imported."""
    return find_spec("vizdoom") is not None


def open_place(place: Place, height: int, width: int) -> Opening:
    """The opening of a place that the simulator builds, for frames of a size.

    Raises:
        ValueError: If there is no such place.
    """
    return _named(OPEN_PLACE)(place, height, width)


def capture_place(place: Place, height: int, width: int) -> Opening:
    """The opening of a world grounded in a capture that is taken in the simulator.

    Raises:
        ValueError: If there is no such place.
        ImportError: If the simulator is not installed.
    """
    return _named(CAPTURE_PLACE)(place, height, width)


def _named(path: str):
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
