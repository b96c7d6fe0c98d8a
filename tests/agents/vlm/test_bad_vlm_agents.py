import re

import pytest

from wm_gym.agents.vlm.agent import VLMAgent
from wm_gym.agents.vlm.local import LocalConfig, LocalVLM
from wm_gym.agents.vlm.tiny import TinyConfig
from wm_gym.agents.vlm.writers import make_writer

SETTINGS = [
    (lambda: make_writer("", "", {"temprature": 1}), "settings must be among ["),
    (lambda: make_writer("", "http://localhost:1/v1", {}), "model must be the name of the endpoint's model, got ''"),
    (lambda: make_writer("m", "localhost", {}), "endpoint must begin with http:// or https://, got 'localhost'"),
    (lambda: make_writer("m", "http://a", {"timeout_seconds": 0}), "timeout_seconds must be positive, got 0"),
    (lambda: make_writer("m", "http://a", {"retries": -1}), "retries must be at least 0, got -1"),
    (lambda: make_writer("m", "http://a", {"max_tokens": 0}), "max_tokens must be at least 1, got 0"),
    (lambda: make_writer("m", "http://a", {"log": "/"}), "log must be a file that can be written, got '/'"),
    (lambda: LocalConfig(dtype="int8"), "dtype must be one of ['bfloat16', 'float16', 'float32'], got 'int8'"),
    (lambda: LocalConfig(temperature=-1), "temperature must be at least 0, got -1"),
    (lambda: TinyConfig(layers=0), "layers must be at least 1, got 0"),
    (lambda: TinyConfig(heads=3), "heads must be even and hidden a multiple of 4 heads, got 3 and 64"),
    (lambda: TinyConfig(vision_hidden=20), "vision_hidden must be a multiple of 16, got 20"),
    (lambda: TinyConfig(vocabulary=50), "vocabulary must be at least 110, got 50"),
]


@pytest.mark.parametrize(("make", "message"), SETTINGS)
def test_a_setting_that_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        make()


@pytest.mark.parametrize("below", ["", "nowhere"])
def test_a_folder_without_a_model_is_refused(tmp_path, below):
    with pytest.raises(ValueError, match=r"^model must be a folder or hub id of a Qwen3-VL, got '.*'"):
        LocalVLM(LocalConfig(model=str(tmp_path / below)))


ENVS = [
    ({"return_text": False}, {}, "env must be made with return_text=True, got False"),
    ({"obs_mode": "pose"}, {}, "env must have rgb among its observations, got obs_mode 'pose'"),
    ({"action_mode": "twist"}, {}, "action_mode must be one of ['keys', 'discrete'], got 'twist'"),
    ({}, {"fallback": "sleep"}, "fallback must be one of ['stand', 'repeat'], got 'sleep'"),
    ({}, {"fallback_steps": 0}, "fallback_steps must be at least 1, got 0"),
    ({}, {"seconds": 0}, "seconds must be positive, got 0"),
    ({}, {"devise": "cpu"}, "settings must be among ["),
]


@pytest.mark.parametrize(("of_env", "settings", "message"), ENVS)
def test_an_environment_that_does_not_fit_is_refused(make_env, of_env, settings, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        VLMAgent(make_env(1, **of_env), **settings)
