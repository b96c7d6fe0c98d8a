"""ViZDoom with a freely posed camera. One engine runs one map at a time.

A frame takes two tics: the view follows the eye's height one tic late, so by the second it has settled. The game
advances only with these tics, and its randomness is seeded, so equal actions give equal frames. Knows nothing of
metres, episodes or effects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin import acs
from wm_gym.backends.twin.messages import ENGINE_NOTE
from wm_gym.backends.twin.optics import ANGLE_STEPS, Lens, View
from wm_gym.backends.twin.scenario import VIEW_HEIGHT_UNITS, palette_of, with_camera

TICS_PER_FRAME = 2
# the engine changes its field of view over several tics, and lets nobody move at first
_SETTLING_TICS = 24
_MISPLACED_UNITS = 0.01
_EPISODE_TICS = 10**9


class Engine:
    """A running game on one map, seen through one lens.

    Args:
        wad: The map.
        lens: The camera.
        folder: Existing folder for the files of this engine.
    """

    def __init__(self, wad: bytes, lens: Lens, folder: Path) -> None:
        vizdoom = _import_vizdoom()
        self.lens = lens
        self._folder = folder
        scenario = folder / "map.wad"
        scenario.write_bytes(with_camera(wad))
        base_game = Path(vizdoom.__file__).parent / "freedoom2.wad"
        self.palette = palette_of(wad)
        self._game = _make_game(vizdoom, base_game, scenario, folder, lens)
        (folder / ENGINE_NOTE).write_text(str(self._game.get_instance_id()))
        names = ("CAMERA_POSITION_X", "CAMERA_POSITION_Y", "CAMERA_POSITION_Z", "CAMERA_FOV")
        self._camera_variables = [getattr(vizdoom.GameVariable, name) for name in names]

    def restart(self, seed: int, eye: tuple[float, float, float], view: View) -> None:
        """Start a new episode, with the camera in place and its field of view settled.

        Args:
            seed: Seed of the engine.
            eye: x, y, z of the camera, map units.
            view: Direction of the camera.
        """
        self._game.set_seed(seed)
        self._game.new_episode()
        self._game.send_game_command(f"fov {self.lens.engine_fov_degrees}")
        for _ in range(_SETTLING_TICS // TICS_PER_FRAME):
            self._move(eye, view)
            self._game.advance_action(TICS_PER_FRAME, False)

    def advance(self, eye: tuple[float, float, float], view: View, commands: tuple[str, ...], *, renders: bool) -> None:
        """Advance by one frame: move the camera, run the console commands, and let two tics pass.

        Args:
            eye: x, y, z of the camera, map units.
            view: Direction of the camera.
            commands: Lines for the engine's console.
            renders: Whether the engine draws the frame, for `picture`.
        """
        self._move(eye, view)
        for command in commands:
            self._game.send_game_command(command)
        self._game.advance_action(TICS_PER_FRAME, renders)

    def picture(self, eye: tuple[float, float, float]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], list[Any]]:
        """Palette indices (Hs, Ws), numbers of things (Hs, Ws), and the labels that name those numbers.

        Raises:
            RuntimeError: If the camera is not at `eye`.
        """
        x, y, z, fov = (self._game.get_game_variable(name) for name in self._camera_variables)
        if max(abs(x - eye[0]), abs(y - eye[1]), abs(z - eye[2])) > _MISPLACED_UNITS:
            raise RuntimeError(
                f"the camera must be at map units {eye}, got {(x, y, z)}: that position is not in the open"
            )
        if abs(fov - self.lens.engine_fov_degrees) > 1e-3:
            raise RuntimeError(f"the engine's field of view must be {self.lens.engine_fov_degrees}, got {fov}")
        state = self._game.get_state()
        return state.screen_buffer, state.labels_buffer, state.labels

    def save(self) -> bytes:
        """The game as bytes; two tics pass."""
        self._game.set_action([0])
        path = self._folder / "game.zds"
        self._game.save(str(path))
        return path.read_bytes()

    def load(self, save: bytes) -> None:
        """Restore a game on the same map from the bytes of `save`."""
        path = self._folder / "game.zds"
        path.write_bytes(save)
        self._game.set_action([0])
        self._game.load(str(path))

    def close(self) -> None:
        """End the game."""
        self._game.close()

    def _move(self, eye: tuple[float, float, float], view: View) -> None:
        x, y, z = fixed(eye[0]), fixed(eye[1]), fixed(eye[2] - VIEW_HEIGHT_UNITS)
        turn = 65536 // ANGLE_STEPS
        # half a step is added, so that the engine's rounding down gives the step itself
        yaw, pitch = view.yaw_step * turn + turn // 2, view.pitch_step * turn
        self._game.send_game_command(f"puke -{acs.PLACE} {x} {y} {z};puke -{acs.LOOK} {yaw} {pitch}")


def fixed(number: float) -> int:
    """A number as the engine's scripts take it: 16.16 fixed point."""
    return round(number * 65536)


def _import_vizdoom() -> Any:
    try:
        import vizdoom
    except ImportError as error:
        raise ImportError("backend 'twin' needs ViZDoom: pip install 'wm-gym[twin]'") from error
    return vizdoom


def _make_game(vizdoom: Any, base_game: Path, scenario: Path, folder: Path, lens: Lens) -> Any:
    game = vizdoom.DoomGame()
    game.set_doom_game_path(str(base_game))
    game.set_doom_scenario_path(str(scenario))
    game.set_doom_config_path(str(folder / "engine.ini"))
    game.set_doom_map("map01")
    resolution = f"RES_{lens.source_width}X{lens.source_height}"
    game.set_screen_resolution(getattr(vizdoom.ScreenResolution, resolution))
    game.set_screen_format(vizdoom.ScreenFormat.DOOM_256_COLORS8)
    game.set_labels_buffer_enabled(True)
    for hide in ("hud", "weapon", "crosshair", "messages", "screen_flashes"):
        getattr(game, f"set_render_{hide}")(False)
    game.set_available_buttons([vizdoom.Button.MOVE_FORWARD_BACKWARD_DELTA])
    game.set_window_visible(False)
    game.set_sound_enabled(False)
    game.set_episode_timeout(_EPISODE_TICS)
    game.add_game_args("+sv_cheats 1 +movebob 0 +r_clearbuffer 1")
    game.init()
    return game
