import gymnasium as gym
import pytest

import wm_gym  # noqa: F401
from wm_gym.reconstruction.depth_estimator import find_estimator

NONE = (
    "depth must be 'ground', a .safetensors of the recipe depth, or a folder or hub id of a depth model of "
    "transformers, got "
)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"deth": "ground"},
            "reconstruction_settings must be among ['depth', 'device', 'masks', 'poses'], got 'deth'; "
            "did you mean 'depth'?",
        ),
        ({"depth": 7}, "reconstruction_settings 'depth' must be a string, got int"),
        (
            {"masks": "nowhere"},
            "masks must be a folder of a SAM 2 model of transformers, got 'nowhere': it has no config.json",
        ),
        ({"poses": "gps"}, "poses must be 'commanded' or 'memory', got 'gps'"),
        (["ground"], "reconstruction_settings must be a dict of the reconstruction's own, got ['ground']"),
        (
            {"depth": "nowhere.safetensors"},
            "weights nowhere.safetensors must be a whole wm_gym.depth file, got one that cannot be read",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError) as refused:
        gym.make("wm_gym/Explore-v0", backend="memory_only", reconstruction_settings=settings)
    assert str(refused.value) == message


def test_a_folder_that_holds_no_depth_model_is_refused(tmp_path):
    with pytest.raises(ValueError) as refused:
        find_estimator(str(tmp_path))
    assert str(refused.value).startswith(f"{NONE}{str(tmp_path)!r}: ") and "\n" not in str(refused.value)
