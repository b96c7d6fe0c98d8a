"""Pieces without any twin: a camera turns inside a painted sphere, in which every direction has a colour."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from wm_gym.evaluation.generation.pieces import TruePieces
from wm_gym.geometry.cameras import intrinsics_from_fov, rays
from wm_gym.geometry.motion import camera_pose

HEIGHT, WIDTH = 24, 32
INTRINSICS = intrinsics_from_fov(70.0, HEIGHT, WIDTH).numpy()


def spheres(count, seed=0):
    """(count, 90, 180, 3) float, colours by latitude and longitude in steps of two degrees."""
    noise = np.random.default_rng(seed).normal(size=(count, 90, 180, 3))
    smooth = gaussian_filter(noise, (0, 3, 3, 0), mode=("nearest", "nearest", "wrap", "nearest"))
    return 127 + 50 * smooth / smooth.std()


def seen(sphere, world_from_camera, height=HEIGHT, width=WIDTH, intrinsics=INTRINSICS):
    """Frame (H, W, 3) uint8 that a camera sees of a sphere."""
    looks = rays(torch.from_numpy(intrinsics), height, width).numpy() @ world_from_camera[:3, :3].T
    looks = looks / np.linalg.norm(looks, axis=-1, keepdims=True)
    row = (np.degrees(np.arccos(looks[..., 2])) / 2).astype(int).clip(0, 89)
    column = (np.degrees(np.arctan2(looks[..., 1], looks[..., 0])) / 2).astype(int) % 180
    return gaussian_filter(sphere[row, column], (0.5, 0.5, 0)).clip(0, 255).astype(np.uint8)


def turned(yaws_degrees, pitch_degrees=0.0):
    """(T, 4, 4) poses at these headings."""
    stances = np.zeros((len(yaws_degrees), 5))
    stances[:, 3], stances[:, 4] = np.radians(yaws_degrees), np.radians(pitch_degrees)
    return camera_pose(stances)


def pieces(count=8, chunks=3, degrees=10.0, seed=0, **settings):
    """Pieces of turns to the left, each in a sphere of its own."""
    poses = np.stack([turned(degrees * np.arange(chunks + 1))] * count)
    frames = np.stack([[seen(one, pose) for pose in poses[0]] for one in spheres(count, seed)])
    unseen = np.zeros((count, chunks, HEIGHT, WIDTH), bool)
    for chunk in range(chunks):
        unseen[:, chunk, :, : 5 * (chunk + 1)] = True
    return TruePieces(frames[:, 1:], unseen, poses, INTRINSICS, frames[:, 0], **settings)


def mean_colours(frames):
    """Features of frames (F, H, W, 3) without any network: means of their quarters, (F, 12)."""
    height, width = (size // 2 * 2 for size in frames.shape[1:3])
    quarters = frames[:, :height, :width].reshape(len(frames), 2, height // 2, 2, width // 2, 3)
    return quarters.mean((2, 4)).reshape(len(frames), -1).astype(np.float32)
