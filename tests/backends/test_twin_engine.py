from pathlib import Path

import numpy as np
import pytest

from wm_gym.backends.twin import acs
from wm_gym.backends.twin.engine import Engine, fixed
from wm_gym.backends.twin.optics import fit_lens
from wm_gym.backends.twin.scenario import palette_of, with_camera
from wm_gym.backends.twin.site import Site, site_of

pytest.importorskip("vizdoom", reason="the twin's engine is an extra")

LENS = fit_lens((23.0, 23.0, 16.0, 12.0), 24, 32)
NEAR_UNITS = 30.0


@pytest.fixture(scope="module")
def site() -> Site:
    return site_of("city", 4, "full")


@pytest.fixture(scope="module")
def engine(site: Site, tmp_path_factory: pytest.TempPathFactory):
    running = Engine(site.place.wad, LENS, tmp_path_factory.mktemp("engine"))
    yield running
    running.close()


def eye_of(site: Site) -> tuple[float, float, float]:
    return (site.frame.x, site.frame.y, site.frame.eye_z)


def people(labels):
    return [label for label in labels if label.object_name.startswith(("Walker", "Visitor"))]


def test_the_camera_is_at_the_requested_position_at_every_height(engine, site):
    x, y, z = eye_of(site)
    engine.restart(1, (x, y, z), LENS.view(0.0, 0.0))
    for rise in (0.0, 3.25, -2.0):
        engine.advance((x + rise, y, z + rise), LENS.view(0.3, 0.2), (), renders=True)
        engine.picture((x + rise, y, z + rise))
    with pytest.raises(RuntimeError, match="the camera must be at map units"):
        engine.picture((x + 5.0, y, z))


def test_people_step_aside_for_the_camera(engine, site):
    eye, heading = np.array(eye_of(site)), site.frame.heading_radians
    engine.restart(1, tuple(eye), LENS.view(heading, 0.0))
    x, y = eye[:2] + 90.0 * np.array([np.cos(heading), np.sin(heading)])
    floor = float(site.surfaces.floors[site.surfaces.sector_at(x, y)])
    spawn = f"puke -{acs.SPAWN['Visitor']} {fixed(x)} {fixed(y)} {fixed(floor)} {acs.VISITOR_TIDS.start}"
    engine.advance(tuple(eye), LENS.view(heading, 0.0), (spawn,), renders=True)
    nearest = np.inf
    for _ in range(60):
        met = people(engine.picture(tuple(eye))[2])
        gaps = [np.array([p.object_position_x, p.object_position_y]) - eye[:2] for p in met]
        if gaps:
            gap = min(gaps, key=np.linalg.norm)
            nearest = min(nearest, float(np.linalg.norm(gap)))
            heading = float(np.arctan2(gap[1], gap[0]))
            eye[:2] += 4.0 * gap / np.linalg.norm(gap)
        engine.advance(tuple(eye), LENS.view(heading, 0.0), (), renders=True)
    assert NEAR_UNITS < nearest < 80.0


def test_a_restored_game_continues_as_if_it_had_never_stopped(engine, site):
    eye = eye_of(site)
    engine.restart(1, eye, LENS.view(0.0, 0.0))
    save = engine.save()

    def go_on():
        for i in range(20):
            engine.advance(eye, LENS.view(0.1 * i, 0.0), (), renders=True)
        return engine.picture(eye)[0].tobytes()

    there = go_on()
    engine.load(save)
    assert go_on() == there


def test_scripts_are_laid_out_as_the_engine_reads_them():
    lump = acs.behaviour()
    directory = int.from_bytes(lump[4:8], "little")
    count = int.from_bytes(lump[directory : directory + 4], "little")
    assert lump[:4] == b"ACS\0" and count == 6 + len(acs.SPAWN)
    names = (*acs.SPAWN, *acs.BODY_STATES)
    assert lump.endswith("".join(f"{name}\0" for name in names).encode())


def test_only_wads_with_a_palette_are_accepted(tmp_path: Path):
    with pytest.raises(ValueError, match="a WAD must begin with PWAD or IWAD, got b'ZIP!'"):
        with_camera(b"ZIP!" + bytes(20))
    with pytest.raises(ValueError, match="must have a PLAYPAL lump"):
        palette_of(b"PWAD" + (0).to_bytes(4, "little") + (12).to_bytes(4, "little"))
