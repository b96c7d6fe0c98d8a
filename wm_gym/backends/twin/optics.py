"""Rectification of the engine's wide, level, sheared picture to a pinhole camera of any field of view and pitch.

The engine turns its camera by yaw alone and shows pitch by sliding the picture up or down (a shear). Such a picture is
a pinhole image whose principal point lies off the middle, so a homography turns it into one with true pitch. The engine
renders a picture wide enough to hold every ray of the target camera, at a resolution at which each target pixel is the
mean of several source pixels.

The engine's angles are whole steps of 1/8192 turn; the homography takes up the rest, so the target yaw is exact. Knows
nothing of maps or of the engine's process.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.raycast import SKY, surface_distance

ANGLE_STEPS = 8192
MAX_PITCH_DEGREES = 25.0
# the engine's pixels are taller than wide: a length up the map is drawn 1.2 times as long as one across
TALL = 1.2
_SHEAR_LIMITS = (-TALL * np.tan(np.radians(31.9)), TALL * np.tan(np.radians(55.9)))
_MAX_ENGINE_FOV_DEGREES = 130
_MARGIN_PIXELS = 2.5
# offset of the principal point from the middle of the engine's picture, in its pixels (fitted on flat-colour maps)
_CENTRE_RIGHT, _CENTRE_DOWN = 0.4, -0.5


@dataclass(frozen=True)
class View:
    """One picture of the engine, and the mapping between its pixels and those of the target frame.

    Attributes:
        yaw_step: Yaw of the engine's camera, steps of 1/8192 turn.
        pitch_step: Pitch of the engine's camera, the same steps, positive looks down.
        yaw_radians: Yaw of the engine's camera.
        intrinsics: fx, fy, cx, cy of the engine's picture; fy counts map units upwards.
        source_from_target: (3, 3) homography between pixel coordinates.
        target_from_source: (3, 3) its inverse.
        map_from_camera: (3, 3) rotation of the target camera, map axes (x, y across, z up), metres.
    """

    yaw_step: int
    pitch_step: int
    yaw_radians: float
    intrinsics: tuple[float, float, float, float]
    source_from_target: NDArray[np.float64]
    target_from_source: NDArray[np.float64]
    map_from_camera: NDArray[np.float64]


@dataclass(frozen=True)
class Lens:
    """A target camera, and the engine's picture that holds all of its rays.

    Attributes:
        height: Rows of the target frame.
        width: Columns of the target frame.
        intrinsics: fx, fy, cx, cy of the target frame in pixels.
        source_height: Rows of the engine's picture.
        source_width: Columns of the engine's picture.
        engine_fov_degrees: Horizontal field of view to set in the engine.
    """

    height: int
    width: int
    intrinsics: tuple[float, float, float, float]
    source_height: int
    source_width: int
    engine_fov_degrees: int

    @property
    def focal(self) -> float:
        """Focal length of the engine's picture in its pixels."""
        return self.source_width / 2 / float(np.tan(np.radians(self.engine_fov_degrees / 2)))

    @property
    def samples(self) -> int:
        """Samples along one side of a target pixel, about one for each source pixel, at least 2."""
        return max(2, round(self.focal / self.intrinsics[0]))

    def view(self, yaw_radians: float, pitch_radians: float) -> View:
        """The engine's picture for one direction of view.

        Args:
            yaw_radians: Counter-clockwise from the map's +x.
            pitch_radians: Positive looks up.
        """
        yaw_step = round(yaw_radians / (2 * np.pi) * ANGLE_STEPS)
        source_yaw = yaw_step / ANGLE_STEPS * 2 * np.pi
        map_from_target = rotation(yaw_radians, pitch_radians)
        source_from_camera = rotation(source_yaw, 0.0).T @ map_from_target
        up, down = _vertical_tangents(self._corner_rays() @ source_from_camera.T)
        shear = np.clip((up + down) / 2, *_SHEAR_LIMITS)
        pitch_step = round(float(np.arctan(shear / TALL)) / (2 * np.pi) * ANGLE_STEPS)
        sheared = TALL * float(np.tan(pitch_step / ANGLE_STEPS * 2 * np.pi))
        cx = self.source_width / 2 + _CENTRE_RIGHT
        cy = self.source_height / 2 + _CENTRE_DOWN - self.focal * sheared
        source = (self.focal, self.focal, cx, cy)
        return View(
            yaw_step=yaw_step % ANGLE_STEPS,
            pitch_step=pitch_step,
            yaw_radians=source_yaw,
            intrinsics=(self.focal, TALL * self.focal, cx, cy),
            source_from_target=_pixel_from_ray(source) @ source_from_camera @ _ray_from_pixel(self.intrinsics),
            target_from_source=_pixel_from_ray(self.intrinsics) @ source_from_camera.T @ _ray_from_pixel(source),
            map_from_camera=map_from_target,
        )

    def _corner_rays(self) -> NDArray[np.float64]:
        return _corner_rays(self.intrinsics, self.height, self.width)


def fit_lens(intrinsics: tuple[float, float, float, float], height: int, width: int) -> Lens:
    """The lens with the narrowest engine picture that holds the target camera at every pitch within 25 degrees.

    Args:
        intrinsics: fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.

    Raises:
        ValueError: If the field of view is too wide for the engine.
    """
    source_height, source_width = (240, 320) if height <= 48 else (480, 640)
    corners = _corner_rays(intrinsics, height, width)
    sideways, spread = 0.0, 0.0
    for pitch_degrees in np.linspace(-MAX_PITCH_DEGREES, MAX_PITCH_DEGREES, 21):
        rays = corners @ rotation(0.0, float(np.radians(pitch_degrees))).T @ rotation(0.0, 0.0)
        up, down = _vertical_tangents(rays)
        shear = np.clip((up + down) / 2, *_SHEAR_LIMITS)
        spread = max(spread, down - shear, shear - up)
        sideways = max(sideways, float(np.abs(rays[:, 0] / rays[:, 2]).max()))
    focal = min((source_width / 2 - _MARGIN_PIXELS) / sideways, (source_height / 2 - _MARGIN_PIXELS) / spread)
    fov = int(np.ceil(np.degrees(2 * np.arctan(source_width / 2 / focal))))
    if fov > _MAX_ENGINE_FOV_DEGREES:
        raise ValueError(
            "backend 'twin' shows fields of view up to about 80 degrees, got "
            f"{np.degrees(2 * np.arctan(width / 2 / intrinsics[0])):.0f} with {height} x {width} pixels"
        )
    return Lens(height, width, intrinsics, source_height, source_width, fov)


def rotation(yaw_radians: float, pitch_radians: float) -> NDArray[np.float64]:
    """map_from_camera, (3, 3): the columns are the camera's right, down and forward on the map's axes."""
    cos_yaw, sin_yaw = np.cos(yaw_radians), np.sin(yaw_radians)
    cos_pitch, sin_pitch = np.cos(pitch_radians), np.sin(pitch_radians)
    forward = [cos_yaw * cos_pitch, sin_yaw * cos_pitch, sin_pitch]
    down = [cos_yaw * sin_pitch, sin_yaw * sin_pitch, -cos_pitch]
    return np.array([[sin_yaw, -cos_yaw, 0.0], down, forward]).T


@numba.njit(cache=True, error_model="numpy")
def apply(matrix: NDArray[np.float64], u: float, v: float) -> tuple[float, float, float]:
    """A (3, 3) matrix times (u, v, 1)."""
    return (
        matrix[0, 0] * u + matrix[0, 1] * v + matrix[0, 2],
        matrix[1, 0] * u + matrix[1, 1] * v + matrix[1, 2],
        matrix[2, 0] * u + matrix[2, 1] * v + matrix[2, 2],
    )


@numba.njit(cache=True, error_model="numpy")
def gather(
    screen: NDArray[np.uint8], labels: NDArray[np.uint8], surface_ids: NDArray[np.int16],
    palette: NDArray[np.uint8], things: NDArray[np.uint8], thing_planes: NDArray[np.float64],
    source_from_target: NDArray[np.float64], target_from_source: NDArray[np.float64],
    ray_from_pixel: NDArray[np.float64], eye: NDArray[np.float64],
    lines: NDArray[np.float64], floors: NDArray[np.float64], ceilings: NDArray[np.float64],
    samples: int, far: float, frame: NDArray[np.uint8], depth: NDArray[np.float32],
    instances: NDArray[np.uint8], surfaces: NDArray[np.int16],
) -> int:  # fmt: skip
    """Resample one frame, its depth and its masks from the engine's picture.

    Args:
        screen: (Hs, Ws) palette indices.
        labels: (Hs, Ws) the engine's number of the thing in each pixel.
        surface_ids: (Hs, Ws) surface numbers of the map, things left out.
        palette: (256, 3) red, green, blue.
        things: (256,) instance number for each engine number, 0 for the map.
        thing_planes: (256, 3) a, b, c of the upright plane a x + b y = c in which a thing's picture stands, map units
            from the eye.
        source_from_target: (3, 3) homography of pixel coordinates, from the frame to the engine's picture.
        target_from_source: (3, 3) its inverse.
        ray_from_pixel: (3, 3) from pixel coordinates to map units per metre of planar depth.
        eye: (3,) map units.
        lines: (L, 4) of the map.
        floors: (S,) of the map.
        ceilings: (S,) of the map.
        samples: Samples along one side of a pixel, over which its colour is averaged.
        far: Depth of the sky, metres.
        frame: (H, W, 3), filled in place with mean colours.
        depth: (H, W), filled in place with planar depth at pixel centres, metres.
        instances: (H, W), filled in place with instance numbers at pixel centres.
        surfaces: (H, W), filled in place with surface numbers at pixel centres.

    Returns:
        Number of samples outside the engine's picture; it must be 0.
    """
    height, width = depth.shape
    rows, columns = screen.shape
    h = source_from_target
    outside = 0
    for v in range(height):
        for u in range(width):
            outside += _mean_colour(screen, palette, h, u, v, samples, frame[v, u])
            x, y = u + 0.5, v + 0.5
            scale = 1.0 / (h[2, 0] * x + h[2, 1] * y + h[2, 2])
            su = min(max(int((h[0, 0] * x + h[0, 1] * y + h[0, 2]) * scale), 0), columns - 1)
            sv = min(max(int((h[1, 0] * x + h[1, 1] * y + h[1, 2]) * scale), 0), rows - 1)
            surface, label = surface_ids[sv, su], labels[sv, su]
            dx, dy, dz = apply(ray_from_pixel, x, y)
            distance = far
            if surface != SKY:
                distance = surface_distance(surface, eye[0], eye[1], eye[2], dx, dy, dz, lines, floors, ceilings)
            if surface != SKY and not 0.0 < distance < far:
                # seen edge on, the surface ends between this ray and that of the engine's own pixel
                x, y, scale = apply(target_from_source, su + 0.5, sv + 0.5)
                ox, oy, oz = apply(ray_from_pixel, x / scale, y / scale)
                distance = surface_distance(surface, eye[0], eye[1], eye[2], ox, oy, oz, lines, floors, ceilings)
                if not 0.0 < distance < far:
                    distance = far
            surfaces[v, u], instances[v, u] = surface, things[label]
            if things[label] != 0:
                distance = _in_front(thing_planes[label], dx, dy, distance)
            depth[v, u] = distance
    return outside


@numba.njit(cache=True, error_model="numpy")
def touched(
    labels: NDArray[np.uint8], wanted: NDArray[np.bool_], source_from_target: NDArray[np.float64], samples: int,
    mask: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Mark in place, (H, W), the pixels whose mean colour has a sample with a wanted label, of (256,) bool."""
    rows, columns = labels.shape
    h = source_from_target
    for v in range(mask.shape[0]):
        for u in range(mask.shape[1]):
            for j in range(samples):
                for i in range(samples):
                    x, y = u + (i + 0.5) / samples, v + (j + 0.5) / samples
                    scale = 1.0 / (h[2, 0] * x + h[2, 1] * y + h[2, 2])
                    su = int((h[0, 0] * x + h[0, 1] * y + h[0, 2]) * scale)
                    sv = int((h[1, 0] * x + h[1, 1] * y + h[1, 2]) * scale)
                    if 0 <= su < columns and 0 <= sv < rows and wanted[labels[sv, su]]:
                        mask[v, u] = True


@numba.njit(cache=True, error_model="numpy")
def _mean_colour(
    screen: NDArray[np.uint8], palette: NDArray[np.uint8], h: NDArray[np.float64], u: int, v: int, samples: int,
    pixel: NDArray[np.uint8],
) -> int:  # fmt: skip
    """Fill `pixel` (3,) with the mean colour over frame pixel (u, v); returns the number of samples outside."""
    rows, columns = screen.shape
    outside, weight = 0, samples * samples
    red, green, blue = weight // 2, weight // 2, weight // 2
    for j in range(samples):
        y = v + (j + 0.5) / samples
        for i in range(samples):
            x = u + (i + 0.5) / samples
            scale = 1.0 / (h[2, 0] * x + h[2, 1] * y + h[2, 2])
            su = int((h[0, 0] * x + h[0, 1] * y + h[0, 2]) * scale)
            sv = int((h[1, 0] * x + h[1, 1] * y + h[1, 2]) * scale)
            if su < 0 or sv < 0 or su >= columns or sv >= rows:
                outside += 1
                continue
            colour = palette[screen[sv, su]]
            red, green, blue = red + colour[0], green + colour[1], blue + colour[2]
    pixel[0], pixel[1], pixel[2] = red // weight, green // weight, blue // weight
    return outside


@numba.njit(cache=True, error_model="numpy")
def _in_front(plane: NDArray[np.float64], dx: float, dy: float, distance: float) -> float:
    """The depth at which a ray meets a thing's plane, if that is in front of the surface at `distance`."""
    nearer = plane[2] / (plane[0] * dx + plane[1] * dy)
    return nearer if 0.0 < nearer < distance else distance


def _pixel_from_ray(intrinsics: tuple[float, float, float, float]) -> NDArray[np.float64]:
    fx, fy, cx, cy = intrinsics
    return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])


def _ray_from_pixel(intrinsics: tuple[float, float, float, float]) -> NDArray[np.float64]:
    fx, fy, cx, cy = intrinsics
    return np.array([[1.0 / fx, 0.0, -cx / fx], [0.0, 1.0 / fy, -cy / fy], [0.0, 0.0, 1.0]])


def ray_from_pixel(view: View, lens: Lens, map_units: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) matrix from pixel coordinates (u, v, 1) to map units per metre of planar depth.

    Args:
        view: Direction of the camera.
        lens: The target camera.
        map_units: (3,) map units per metre along the map's axes.
    """
    return map_units[:, None] * (view.map_from_camera @ _ray_from_pixel(lens.intrinsics))


def _corner_rays(intrinsics: tuple[float, float, float, float], height: int, width: int) -> NDArray[np.float64]:
    """(4, 3) rays through the outer corners of the frame, camera frame."""
    pixels = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
    return pixels @ _ray_from_pixel(intrinsics).T


def _vertical_tangents(rays: NDArray[np.float64]) -> tuple[float, float]:
    """Least and greatest y / z of rays in the engine's level camera."""
    tangents = rays[:, 1] / rays[:, 2]
    return float(tangents.min()), float(tangents.max())
