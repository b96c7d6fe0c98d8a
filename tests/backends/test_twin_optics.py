from pathlib import Path

import flat_room
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.backends.twin.engine import Engine
from wm_gym.backends.twin.optics import fit_lens, rotation
from wm_gym.backends.twin.raycast import ColumnCaster
from wm_gym.backends.twin.scenario import palette_of

SIZES = [(48, 64), (96, 128), (24, 32), (96, 96), (64, 128)]


def lens_of(fov_degrees: float, height: int, width: int):
    focal = width / 2 / np.tan(np.radians(fov_degrees / 2))
    return fit_lens((focal, focal, width / 2, height / 2), height, width)


@pytest.mark.parametrize(("height", "width"), SIZES)
@given(
    fov=st.floats(55.0, 75.0),
    yaw=st.floats(-7.0, 7.0),
    pitch=st.floats(-np.radians(25.0), np.radians(25.0)),
)
def test_the_engines_picture_holds_the_whole_frame(height, width, fov, yaw, pitch):
    lens = lens_of(fov, height, width)
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
    pixels = corners @ lens.view(yaw, pitch).source_from_target.T
    pixels = pixels[:, :2] / pixels[:, 2:]
    assert pixels.min() >= 0.0
    assert pixels[:, 0].max() < lens.source_width and pixels[:, 1].max() < lens.source_height


@given(yaw=st.floats(-7.0, 7.0), pitch=st.floats(-1.5, 1.5))
def test_rotations_are_orthogonal_and_look_along_yaw_and_pitch(yaw, pitch):
    turned = rotation(yaw, pitch)
    assert np.allclose(turned @ turned.T, np.eye(3), atol=1e-12) and np.isclose(np.linalg.det(turned), 1.0)
    assert np.isclose(turned[2, 2], np.sin(pitch)) and np.isclose(turned[2, 0], 0.0)


def test_a_view_keeps_the_direction_exactly():
    lens = lens_of(65.0, 96, 128)
    view = lens.view(1.234567, 0.2)
    ahead = view.source_from_target @ np.array([64.0, 48.0, 1.0])
    fx, fy, cx, cy = view.intrinsics
    tangent_right, tangent_down = (ahead[0] / ahead[2] - cx) / fx, (ahead[1] / ahead[2] - cy) / (fy / 1.2)
    direction = rotation(view.yaw_radians, 0.0) @ np.array([tangent_right, tangent_down, 1.0])
    assert np.allclose(direction / np.linalg.norm(direction), rotation(1.234567, 0.2)[:, 2], atol=1e-9)


def test_a_field_of_view_beyond_the_engine_is_refused():
    with pytest.raises(ValueError, match="backend 'twin' shows fields of view up to about 80 degrees, got 110"):
        lens_of(110.0, 48, 64)


@pytest.mark.parametrize(("height", "width"), [(96, 128), (48, 64)])
def test_the_engine_draws_each_surface_where_the_ray_caster_does(tmp_path: Path, height, width):
    vizdoom = pytest.importorskip("vizdoom", reason="the twin's engine is an extra")
    base = (Path(vizdoom.__file__).parent / "freedoom2.wad").read_bytes()
    wad, entries = flat_room.wad(palette_of(base))
    lens = lens_of(75.0, height, width)
    engine = Engine(wad, lens, tmp_path)
    caster = ColumnCaster(flat_room.SURFACES, lens.source_height, lens.source_width)
    rng, wrong = np.random.default_rng(0), []
    try:
        for i in range(8):
            near, far = ((-480, -180), (-300, 180)) if i % 2 else ((400, -180), (900, 180))
            eye = (*rng.uniform(near, far), 42.0)
            view = lens.view(rng.uniform(-3, 3), np.radians(rng.uniform(-25, 25)))
            if i == 0:
                engine.restart(1, eye, view)
            engine.advance(eye, view, (), renders=True)
            screen, _, _ = engine.picture(eye)
            ids = caster.cast(eye, view.yaw_radians, view.intrinsics)
            wanted = engine.palette[entries[flat_room.colour_index()[ids]]]
            wrong.append((engine.palette[screen] != wanted).any(axis=-1).mean())
    finally:
        engine.close()
    assert np.mean(wrong) < 0.006, wrong
