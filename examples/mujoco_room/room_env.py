"""Two rooms in MuJoCo as a Gymnasium environment of its own: nothing in it knows of wm-gym.

Observations are a dict of `rgb`, `depth` (planar metres) and `camera` (world_from_camera with the axes of OpenGL), as a
robot's simulator may give them. Actions: 0 ahead, 1 back, 2 and 3 aside, 4 and 5 turn left and right, 6 and 7 look up
and down, 8 rest. `import room_env` registers `Rooms-v0`; MUJOCO_GL=egl or osmesa renders without a window.
"""

from pathlib import Path

import gymnasium as gym
import mujoco
import numpy as np

HEIGHT, WIDTH = 192, 256
FRAME_SECONDS = 1 / 17.5
WALK, TURN, TILT = 2.0, np.radians(70.0), np.radians(40.0)
SPEEDS = [
    (WALK, 0, 0, 0), (-WALK, 0, 0, 0), (0, WALK, 0, 0), (0, -WALK, 0, 0), (0, 0, TURN, 0), (0, 0, -TURN, 0),
    (0, 0, 0, TILT), (0, 0, 0, -TILT), (0, 0, 0, 0),
]  # fmt: skip
CLEAR_METRES = 0.6


class RoomsEnv(gym.Env):
    """A body that walks through two rooms; walls and furniture stop it."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 17.5}  # noqa: RUF012

    def __init__(self, height: int = HEIGHT, width: int = WIDTH, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.model = mujoco.MjModel.from_xml_path(str(Path(__file__).parent / "room.xml"))
        self.data = mujoco.MjData(self.model)
        self.renderer = mujoco.Renderer(self.model, height, width)
        self.action_space = gym.spaces.Discrete(len(SPEEDS))
        self.observation_space = gym.spaces.Dict({
            "rgb": gym.spaces.Box(0, 255, (height, width, 3), np.uint8),
            "depth": gym.spaces.Box(0, np.inf, (height, width), np.float32),
            "camera": gym.spaces.Box(-np.inf, np.inf, (4, 4), np.float64),
        })  # fmt: skip

    def reset(self, *, seed=None, options=None):
        """Stand somewhere with a clear view."""
        super().reset(seed=seed)
        mujoco.mj_resetData(self.model, self.data)
        while True:
            self.data.qpos[:3] = self.np_random.uniform((-4.4, -3.4, -np.pi), (4.4, 3.4, np.pi))
            mujoco.mj_forward(self.model, self.data)
            if not self.data.ncon and self._is_clear():
                return self._seen(), {}

    def step(self, action):
        """Move for one frame."""
        ahead, left, turn, tilt = SPEEDS[int(action)]
        for _ in range(round(FRAME_SECONDS / self.model.opt.timestep)):
            yaw, pitch = self.data.qpos[2], self.data.qpos[3]
            tilt = 0 if abs(pitch + tilt * 0.01) > 0.4 else tilt
            self.data.qvel[:] = (
                ahead * np.cos(yaw) - left * np.sin(yaw), ahead * np.sin(yaw) + left * np.cos(yaw), turn, tilt,
            )  # fmt: skip
            mujoco.mj_step(self.model, self.data)
        mujoco.mj_forward(self.model, self.data)
        return self._seen(), 0.0, False, False, {}

    def render(self):
        """What the eyes see, (H, W, 3) uint8."""
        self.renderer.update_scene(self.data, "eyes")
        return self.renderer.render()

    def close(self):
        """Free the renderer."""
        self.renderer.close()

    def _is_clear(self):
        """Whether nothing stands right before the eyes."""
        start, ahead = self.data.cam_xpos[0], -self.data.cam_xmat[0].reshape(3, 3)[:, 2]
        hit = np.zeros(1, np.int32)
        metres = mujoco.mj_ray(self.model, self.data, start, ahead, None, 1, self.model.body("walker").id, hit)
        return metres > CLEAR_METRES

    def _seen(self):
        rgb = self.render()
        self.renderer.enable_depth_rendering()
        depth = self.renderer.render()
        self.renderer.disable_depth_rendering()
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = self.data.cam_xmat[0].reshape(3, 3), self.data.cam_xpos[0]
        return {"rgb": rgb, "depth": depth, "camera": pose}


gym.register("Rooms-v0", entry_point=RoomsEnv)
