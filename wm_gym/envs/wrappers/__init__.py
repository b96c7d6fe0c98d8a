"""Wrappers for worlds, where Gymnasium has none that works on them.

What to take for what; `W` is `gymnasium.wrappers`, the rest is here. `Vector...` is for `gym.make_vec`.

| wanted               | one world                                   | many worlds (numpy or torch)          |
|----------------------|---------------------------------------------|---------------------------------------|
| some parts only      | `obs_mode=`, or `W.FilterObservation`       | `obs_mode=`                           |
| flat                 | `W.FlattenObservation`                      | `W.vector.FlattenObservation` (numpy) |
| other resolution     | `Resize`                                    | `VectorResize`                        |
| grey                 | `Grey`                                      | `VectorGrey`                          |
| frame stack          | `W.FrameStackObservation`                   | `VectorFrameStack`                    |
| depth as uint8       | `depth_dtype="uint8"`, or `DepthImage`      | the same, or `VectorDepthImage`       |
| fewer points         | `num_points=`, or `SamplePoints`            | the same, or `VectorSamplePoints`     |
| K actions at a time  | `ActionChunks`                              | `VectorActionChunks`                  |
| a time limit         | `max_episode_steps=`, or `W.TimeLimit`      | `max_episode_steps=`                  |
| thinking takes time  | `RealTime`                                  |                                       |
| an end at low trust  | `TruncateOnLowTrust`                        |                                       |
| episode statistics   | `W.RecordEpisodeStatistics`                 | `VectorRecordEpisodeStatistics`       |
| rewards of one scale | `W.NormalizeReward`                         | `VectorNormalizeReward`               |
| videos, every frame  | `RecordVideo`                               | `VectorRecordVideo`                   |

`W.ResizeObservation`, `W.GrayscaleObservation`, `W.RescaleObservation`, `W.DtypeObservation`, `W.NormalizeObservation`
and `W.MaxAndSkipObservation` want one Box and refuse worlds; `W.RecordVideo` needs moviepy and keeps one frame of each
step; `W.NumpyToTorch` and `W.vector.NumpyToTorch` need array-api-compat (for a batch take `output="torch"`), and
infos of numbers alone, as they are without `return_text` and `return_frames`. With torch output
`W.vector.RecordEpisodeStatistics` and `W.vector.NormalizeReward` raise, because they compute in numpy: take
`VectorRecordEpisodeStatistics` and `VectorNormalizeReward`, which count alike.

Snapshots and events are the world's: `env.unwrapped.get_state()`, `set_state`, `trigger_event`. The time limit of
`gym.make` and of `gym.make_vec` follows a snapshot; wrappers that remember (stacks, statistics) do not.
"""

from wm_gym.envs.wrappers.action_chunks import ActionChunks
from wm_gym.envs.wrappers.depth_image import DepthImage, VectorDepthImage
from wm_gym.envs.wrappers.frame_stack import VectorFrameStack
from wm_gym.envs.wrappers.grey import Grey, VectorGrey
from wm_gym.envs.wrappers.low_trust import TruncateOnLowTrust
from wm_gym.envs.wrappers.normalize_reward import VectorNormalizeReward
from wm_gym.envs.wrappers.real_time import RealTime
from wm_gym.envs.wrappers.recording import RecordVideo, VectorRecordVideo
from wm_gym.envs.wrappers.resize import Resize, VectorResize
from wm_gym.envs.wrappers.sample_points import SamplePoints, VectorSamplePoints
from wm_gym.envs.wrappers.statistics import VectorRecordEpisodeStatistics
from wm_gym.envs.wrappers.vector_action_chunks import VectorActionChunks

__all__ = [
    "ActionChunks",
    "DepthImage",
    "Grey",
    "RealTime",
    "RecordVideo",
    "Resize",
    "SamplePoints",
    "TruncateOnLowTrust",
    "VectorActionChunks",
    "VectorDepthImage",
    "VectorFrameStack",
    "VectorGrey",
    "VectorNormalizeReward",
    "VectorRecordEpisodeStatistics",
    "VectorRecordVideo",
    "VectorResize",
    "VectorSamplePoints",
]
