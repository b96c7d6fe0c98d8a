"""The engine accepts the twin's places and draws them in their own colours alone.

It runs in a process of its own, because a malformed actor would take the test session down with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wm_gym.backends.twin.maps import build
from wm_gym.scenes.families import FAMILIES

pytest.importorskip("vizdoom", reason="the twin's engine is an extra")

_LOOK = """
import os, sys
import numpy as np
import vizdoom
game = vizdoom.DoomGame()
game.set_doom_game_path(os.path.join(os.path.dirname(vizdoom.__file__), "freedoom2.wad"))
game.set_doom_scenario_path(sys.argv[1])
game.set_doom_map("map01")
game.set_screen_resolution(vizdoom.ScreenResolution.RES_320X240)
game.set_screen_format(vizdoom.ScreenFormat.RGB24)
game.set_window_visible(False)
game.set_sound_enabled(False)
game.set_render_hud(False)
game.set_render_weapon(False)
game.set_available_buttons([vizdoom.Button.TURN_LEFT_RIGHT_DELTA])
game.add_game_args("+sv_cheats 1 +logfile " + sys.argv[2])
game.init()
for command in ("summon Visitor", "summon Bonfire"):
    game.send_game_command(command)
game.make_action([0], 5)
np.save(sys.argv[3], game.get_state().screen_buffer)
game.close()
"""


@pytest.mark.parametrize("family", FAMILIES)
def test_the_engine_renders_a_place_in_its_own_colours_without_warnings(family: str, tmp_path: Path) -> None:
    wad, log, picture = tmp_path / "place.wad", tmp_path / "log.txt", tmp_path / "picture.npy"
    place = build(family, 1)
    wad.write_bytes(place.wad)
    command = [sys.executable, "-c", _LOOK, str(wad), str(log), str(picture)]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60, env=dict(os.environ), capture_output=True)
    # the palette is the first lump, right behind the header
    palette = np.frombuffer(place.wad[12 : 12 + 768], np.uint8).reshape(256, 3)
    shown = np.unique(np.load(picture).reshape(-1, 3), axis=0)
    known = {tuple(colour) for colour in palette.tolist()}
    assert len(shown) > 30
    assert all(tuple(colour) in known for colour in shown.tolist())
    assert not [line for line in log.read_text().splitlines() if "nknown" in line or "issing" in line]
