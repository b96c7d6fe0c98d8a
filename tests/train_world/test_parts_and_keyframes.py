"""Video training on keyframes that are larger than frames, and of parts of the network alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_recipes import VIDEO
from wall_clip import SIZE, SPEC, wall_clip

from wm_gym.memory.write import write
from wm_gym.train_world.data import samples as samples_module
from wm_gym.train_world.data.samples import prepare, reduced_clip
from wm_gym.train_world.recipes.video import VideoTrainConfig, video_recipe
from wm_gym.train_world.trainer import train


def test_a_reduced_clip_holds_mean_colours_and_the_same_lens():
    clip = wall_clip(0)
    half = reduced_clip(clip, 2)
    blocks = clip.frames.reshape(len(clip.frames), SIZE[0] // 2, 2, SIZE[1] // 2, 2, 3).mean((2, 4))
    np.testing.assert_array_equal(half.frames, np.rint(blocks).astype(np.uint8))
    np.testing.assert_allclose(half.intrinsics, clip.intrinsics / 2)
    assert (half.spec.height, half.spec.width) == (SIZE[0] // 2, SIZE[1] // 2)
    assert half.depth.dtype == np.float16 and (half.depth == 2.0).all()


def test_a_memory_opens_on_a_keyframe_and_goes_on_by_frames(monkeypatch):
    written = []

    def noted(memory, frames, *others, **settings):
        written.append(tuple(frames.shape[1:3]))
        return write(memory, frames, *others, **settings)

    monkeypatch.setattr(samples_module, "write", noted)
    sample = prepare(wall_clip(0), 3, keyframe_scale=2)
    half = SIZE[0] // 2, SIZE[1] // 2
    assert written[0] == SIZE and set(written[1:]) == {half}
    assert sample.frames.shape[1:3] == sample.hint_colour.shape[2:4] == half


@pytest.mark.parametrize("scale", [0, 3, 5])
def test_a_keyframe_scale_that_does_not_divide_is_refused(scale):
    with pytest.raises(ValueError, match=f"keyframe_scale must divide 16 x 24 pixels, got {scale}"):
        SPEC.reduced(scale)


def test_only_the_named_parts_learn(tmp_path):
    def config(**settings):
        shape = {"steps": 2, "batch": 2, "warmup": 1, "bfloat16": False, "video": VIDEO}
        return VideoTrainConfig(output=str(tmp_path), **shape, **settings)

    samples = [prepare(wall_clip(0), 0)]
    before = video_recipe(config(), samples).network.state_dict()
    train(video_recipe(config(parts=["refiner"]), samples))
    after = torch.load(tmp_path / "checkpoint.pt", weights_only=False)["network"]
    changed = {name.split(".")[0] for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed == {"refiner"}
    with pytest.raises(ValueError, match=r"train.parts must be of .*'refiner'.*, got \['painter'\]"):
        video_recipe(replace(config(), parts=["painter"]), samples)
