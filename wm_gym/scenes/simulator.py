"""The simulator behind two import paths: it is imported only when a place must be built or captured."""

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
    """The opening of a place for the simulator itself, for frames of a size.

    Raises:
        ValueError: If there is no such place.
    """
    return _imported(OPEN_PLACE)(place, height, width)


def capture_place(place: Place, height: int, width: int) -> Opening:
    """The opening of a place with a capture of it taken in the simulator, keyframes (K, height, width).

    Raises:
        ValueError: If there is no such place.
        ImportError: If the simulator is not installed.
    """
    return _imported(CAPTURE_PLACE)(place, height, width)


def _imported(path: str):
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
