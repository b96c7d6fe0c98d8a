"""A small clip that needs no simulator: a body turns before a wall of random colours."""

from pathlib import Path

import numpy as np

from wm_gym.files.hashing import sha256_of
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import camera_pose
from wm_gym.train_world.data.captions import Captions
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import EVENT_KINDS, Clip
from wm_gym.train_world.data.shards import write_manifest, write_shard
from wm_gym.world_model import Place

SIZE, STEPS = (16, 24), 6
SPEC = RecordingSpec("twin", *SIZE, first_frames=1, frames_per_step=4, latents_per_step=1, fps=17.5, far_metres=100.0)


def wall_clip(seed: int) -> Clip:
    """A body that turns before a wall of random colours two metres away."""
    rng = np.random.default_rng(seed)
    count = SPEC.num_frames(STEPS)
    body_poses = np.zeros((count, 5))
    body_poses[:, 3] = np.linspace(0, 0.6, count)
    moving = np.zeros((count, *SIZE), bool)
    moving[:, 8:12, 4:8] = True
    return Clip(
        spec=SPEC,
        frames=rng.integers(0, 256, (1, *SIZE, 3), dtype=np.uint8).repeat(count, 0),
        depth=np.full((count, *SIZE), 2.0, np.float16),
        moving=moving,
        world_from_camera=camera_pose(body_poses).astype(np.float32),
        body_poses=body_poses,
        intrinsics=intrinsics_from_fov(70.0, *SIZE).numpy().astype(np.float32),
        keys=np.zeros((STEPS, 8), bool),
        twists=np.zeros((STEPS, 4), np.float32),
        event_strengths=np.zeros((count, len(EVENT_KINDS)), np.float16),
        event_masks={},
        appearance=np.zeros(STEPS, np.uint8),
        prompts=("A wall.",) * STEPS,
        captions=Captions("", "", ()),
        place=Place("rooms", seed),
        seed=seed,
        policy="panning",
        controller="keys",
        events=(),
    )


def write_recordings(folder: Path, clips: int = 1, **spec: float) -> Path:
    """A dataset of such clips in a new folder, its spec changed where asked; returns the folder."""
    folder.mkdir(parents=True)
    manifest = CollectConfig(num_clips=max(1, clips), steps=STEPS, height=SIZE[0], width=SIZE[1]).manifest()
    manifest["spec"] |= spec
    if clips:
        path = write_shard(folder, 0, [wall_clip(seed) for seed in range(clips)])
        manifest["shards"].append({"name": path.name, "clips": clips, "sha256": sha256_of(path)})
    write_manifest(folder, manifest)
    return folder
