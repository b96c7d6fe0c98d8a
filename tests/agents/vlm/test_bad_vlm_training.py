import re

import numpy as np
import pytest

from wm_gym.agents.vlm.data import Pairs
from wm_gym.agents.vlm.filming import FilmConfig
from wm_gym.agents.vlm.training import VLMRunConfig, VLMTrainConfig, train_vlm

SETTINGS = [
    (lambda: VLMTrainConfig(most_parts=0), "most_parts must be at least 1, got 0"),
    (lambda: VLMTrainConfig(scored=0), "scored must be at least 1, got 0"),
    (lambda: VLMTrainConfig(lora_rank=-1), "lora_rank must be at least 0, got -1"),
    (lambda: VLMTrainConfig(steps=0), "steps must be at least 1, got 0"),
    (lambda: FilmConfig(split="all"), "split must be one of ['train', 'test'], got 'all'"),
    (lambda: FilmConfig(places=0), "places must be at least 1, got 0"),
    (lambda: FilmConfig(fire_share=1.5), "fire_share must be in 0..1, got 1.5"),
    (lambda: FilmConfig(first=-1), "first must be at least 0, got -1"),
    (lambda: FilmConfig(laid=-1), "laid must be at least 0, got -1"),
    (lambda: FilmConfig(seed=-1), "seed must be at least 0, got -1"),
    (lambda: Pairs([]), "data must name at least one film or folder of recordings, got none"),
    (lambda: Pairs(["nowhere.npz"]), "data must be films or folders of recordings, got 'nowhere.npz'"),
    (lambda: Pairs(["nowhere"]), "nowhere must hold recordings with a manifest.json"),
]


@pytest.mark.parametrize(("make", "message"), SETTINGS)
def test_a_setting_that_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        make()


def test_a_file_that_is_no_film_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", frames=np.zeros(3))
    with pytest.raises(ValueError, match=r"^data must be films or folders of recordings, got '.*other\.npz'"):
        Pairs([str(tmp_path / "other.npz")])


def test_a_model_that_is_not_there_is_refused_before_training(tmp_path):
    frames, keys = np.zeros((1, 36, 48, 3), np.uint8), np.ones((1, 44, 8), bool)
    np.savez(
        tmp_path / "film.npz", frames=frames, frame_of=np.zeros(1, np.int32), families=np.array(["stand"]),
        instructions=np.array(["wait"]), keys=keys, steps=np.array([4], np.int32),
    )  # fmt: skip
    (tmp_path / "empty").mkdir()
    config = VLMRunConfig([str(tmp_path / "film.npz")], model=str(tmp_path / "empty"))
    config.train.output = str(tmp_path / "run")
    with pytest.raises(ValueError, match=r"^model must be a folder or hub id of a Qwen3-VL"):
        train_vlm(config)
