"""A room drawn exactly, as a Gymnasium environment that is not ours."""

import gymnasium as gym
import numpy as np

from wm_gym.geometry.motion import camera_pose

HEIGHT, WIDTH, FOCAL = 24, 32, 20.0
LOW, HIGH = np.array([-3.0, -4.0, 0.0]), np.array([5.0, 4.0, 2.8])
COLOURS = np.array([[200, 90, 70], [80, 140, 190], [190, 180, 150]])
SPEEDS = [(0.12, 0.0), (-0.12, 0.0), (0.0, 0.08), (0.0, -0.08), (0.0, 0.0)]
FOV = float(np.degrees(2 * np.arctan(WIDTH / 2 / FOCAL)))
Y_UP_FROM_Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
GL = np.diag([1.0, -1.0, -1.0, 1.0])
ACTIONS = {"W": 0, "S": 1, "J": 2, "L": 3, "noop": 4}


def draw(pose):
    """Colour and planar depth from inside the room."""
    rows, columns = np.indices((HEIGHT, WIDTH)) + 0.5
    rays = np.stack([(columns - WIDTH / 2) / FOCAL, (rows - HEIGHT / 2) / FOCAL, np.ones_like(rows)], -1)
    directions, position = rays @ pose[:3, :3].T, pose[:3, 3]
    with np.errstate(divide="ignore"):
        walls = (np.where(directions > 0, HIGH, LOW) - position) / directions
    depth = walls.min(-1)
    tiles = np.floor(2 * (position + depth[..., None] * directions) + 0.01)
    shades = 0.5 + 0.5 * ((np.sin(tiles @ [12.9898, 78.233, 37.719]) * 43758.5453) % 1.0)
    return (COLOURS[walls.argmin(-1)] * shades[..., None]).astype(np.uint8), depth.astype(np.float32)


class ToyRoom(gym.Env):
    """Ahead, back, turn left, turn right, rest; walls stop. Poses are told in every convention."""

    action_space = gym.spaces.Discrete(5)
    observation_space = gym.spaces.Dict({"seen": gym.spaces.Dict({
        "rgb": gym.spaces.Box(0, 255, (HEIGHT, WIDTH, 3), np.uint8),
        "depth": gym.spaces.Box(0, 99, (HEIGHT, WIDTH, 1), np.float32),
    })})  # fmt: skip
    metadata = {"render_modes": ["rgb_array"], "render_fps": 17.5}  # noqa: RUF012

    def __init__(self, lasts=10_000, render_mode=None):
        self.lasts, self.render_mode = lasts, render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.pose = np.array([*self.np_random.uniform(-2, 2, 2), 1.6, *self.np_random.uniform(-3, 3, 1), 0.0])
        self.age = 0
        return self._seen()

    def step(self, action):
        ahead, turn = SPEEDS[action]
        self.pose[3] += turn
        step = ahead * np.array([np.cos(self.pose[3]), np.sin(self.pose[3])])
        self.pose[:2] = np.clip(self.pose[:2] + step, LOW[:2] + 0.4, HIGH[:2] - 0.4)
        self.age += 1
        seen, info = self._seen()
        return seen, 0.0, self.age >= self.lasts, False, info

    def render(self):
        return draw(camera_pose(self.pose))[0]

    def _seen(self):
        colour, depth = draw(camera_pose(self.pose))
        x, y, z, yaw, pitch = self.pose
        self.of_body = np.array([x, y, z, yaw, pitch])
        self.of_body_y_up = np.array([x, z, -y, yaw, pitch])
        self.of_camera = camera_pose(self.pose)
        self.of_camera_opengl_y_up = Y_UP_FROM_Z_UP @ camera_pose(self.pose) @ GL
        self.quaternion = np.array([x, y, z, 0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)])
        self.quaternion_y_up = np.array([x, z, -y, 0.0, np.sin(yaw / 2), 0.0, np.cos(yaw / 2)])
        return {"seen": {"rgb": colour, "depth": depth[..., None]}}, {"metres": depth}


def flat_pose(env):
    """x, y, yaw."""
    return env.pose[[0, 1, 3]]


gym.register("ToyRoom-v0", entry_point=ToyRoom)
