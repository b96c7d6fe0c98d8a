"""Worlds in servers of others, by stubs that speak their protocols."""

import re

import gymnasium as gym
import numpy as np
import pytest
import stub_servers
import torch
from stub_servers import ACTIONS, FIRST, HEIGHT, OVERLAP, STEP, WIDTH, SglangStub, VllmOmniStub, served

import wm_gym
from wm_gym.backends.foreign.messages import pack, unpack
from wm_gym.backends.registry import load_backend
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.world_model import Condition, Opening

FRAMES = {"server_height": HEIGHT, "server_width": WIDTH, "first_frames": FIRST, "frames_per_step": STEP}
OWN = {"sglang": {"actions_per_step": ACTIONS}, "vllm_omni": {"overlap_frames": OVERLAP}}
STUBS = {"sglang": SglangStub, "vllm_omni": VllmOmniStub}


def loaded(name, url, height=24, width=32, **settings):
    return load_backend(name, height, width, url=url, timeout_seconds=20, **FRAMES | OWN[name] | settings)


def opening(seed=5):
    picture = torch.full((HEIGHT, WIDTH, 3), seed, dtype=torch.uint8)
    return Opening("a picture", "A street.", torch.tensor([16.0, 16.0, 16.0, 12.0]), torch.zeros(1, 2), image=picture)


def condition(worlds, frame, metres, prompt="A street."):
    poses = torch.from_numpy(camera_pose(START_BODY_POSE)).float().expand(worlds, STEP, 4, 4).clone()
    poses[:, :, 0, 3] += torch.linspace(metres[0], metres[1], STEP + 1)[1:]
    keys = torch.zeros(worlds, STEP, 8, dtype=torch.bool)
    keys[..., 0] = metres[1] > metres[0]
    intrinsics = torch.tensor([16.0, 16.0, 16.0, 12.0]).expand(worlds, 4)
    return Condition(poses, intrinsics, keys, [[prompt]] * worlds, [[]] * worlds, [5] * worlds, [frame] * worlds)


@pytest.fixture(params=["sglang", "vllm_omni"])
def stubbed(request):
    stub = STUBS[request.param]()
    with served(stub) as url:
        model = loaded(request.param, url)
        yield model, stub
        model.close()


def test_worlds_are_sessions_that_go_where_they_are_told(stubbed):
    model, _ = stubbed
    state, chunk = model.start([opening(5), opening(9)], [5, 9])
    assert chunk.frames.shape == (2, FIRST, 24, 32, 3) and chunk.depth is None
    assert chunk.frames[:, -1, 0, 0].tolist() == [[0, 9, 5], [0, 9, 9]]
    state, chunk = model.step(state, condition(2, FIRST, (0, 0.04)))
    ahead = {"sglang": ACTIONS, "vllm_omni": 4}[model.spec.name]  # items of keys; centimetres
    assert chunk.frames.shape == (2, STEP, 24, 32, 3)
    assert chunk.frames[:, -1, 0, 0].tolist() == [[ahead, 9, 5], [ahead, 9, 9]]
    state, chunk = model.step(state, condition(2, FIRST + STEP, (0.04, 0.08), "A street in the snow."))
    assert chunk.frames[0, -1, 0, 0].tolist() == [2 * ahead, len("A street in the snow."), 5]


def test_a_state_that_its_session_has_left_goes_on_in_a_new_one(stubbed):
    model, stub = stubbed
    state, _ = model.start([opening()], [5])
    state, _ = model.step(state, condition(1, FIRST, (0, 0.04)))
    sessions = len(model._live)
    (one, first), (other, second) = (model.step(state, condition(1, FIRST + STEP, (0.04, 0.08))) for _ in range(2))
    assert one[0]["session"] == state[0]["session"] != other[0]["session"] and len(model._live) == sessions + 1
    ahead = {"sglang": ACTIONS, "vllm_omni": 4}[model.spec.name]
    assert first.frames[0, -1, 0, 0, 0] == 2 * ahead and second.frames[0, -1, 0, 0, 0] == ahead  # from its own opening
    opened = stub.sessions[-1]["first_frame"] if model.spec.name == "sglang" else stub.requests[-2]["image"]
    assert opened is not None


def test_states_are_plain_and_outlive_the_process(stubbed):
    model, _ = stubbed
    state, _ = model.start([opening()], [5])
    again = model.unpack(model.pack(state))
    assert torch.equal(again[0]["frame"], state[0]["frame"]) and again[0]["session"] == state[0]["session"]
    model.close()
    _, chunk = model.step(again, condition(1, FIRST, (0, 0.04)))
    assert chunk.frames.shape == (1, STEP, 24, 32, 3)


def test_the_session_used_longest_ago_is_closed():
    with served(VllmOmniStub()) as url:
        model = loaded("vllm_omni", url, most_sessions=1)
        model.start([opening()], [1])
        model.start([opening()], [2])
        assert len(model._live) == 1
        with pytest.raises(ValueError, match=r"^worlds of a batch must be at most most_sessions, 1, got 2$"):
            model.start([opening(), opening()], [1, 2])
        model.close()


@pytest.mark.parametrize("name", ["sglang", "vllm_omni"])
def test_an_environment_is_such_a_world(name):
    with served(STUBS[name]()) as url:
        settings = {"url": url, **FRAMES, **OWN[name]}
        env = gym.make(
            "wm_gym/Explore-v0", world="city/9", backend=name, backend_settings=settings, resolution=(24, 32)
        )  # fmt: skip
        observation, _ = env.reset(seed=5)
        assert wm_gym and observation["depth"].max() > 0  # reconstructed
        observation, *_ = env.step(1)
        assert observation["rgb"][0, 0, 0] > 0
        env.close()


def test_frames_that_need_no_averaging_are_the_server_s():
    with served(VllmOmniStub()) as url:
        model = loaded("vllm_omni", url, HEIGHT, WIDTH)
        _, chunk = model.start([opening()], [7])
        expected = stub_servers.painted(FIRST, 0, "A street.", 7)
        assert np.array_equal(chunk.frames[0].numpy(), expected)
        model.close()


@pytest.mark.parametrize(
    ("name", "stub", "settings", "error", "message"),
    [
        (
            "sglang", SglangStub("realtime admission rejected: FULL"), {}, RuntimeError,
            "the server refuses: realtime admission rejected: FULL",
        ),
        ("vllm_omni", VllmOmniStub(0), {}, RuntimeError, "the server refuses: Internal inference error"),
        (
            "vllm_omni", VllmOmniStub(), {"server_height": 24, "server_width": 32}, ValueError,
            "frames of the server must be (3, 24, 32, 3) uint8, as server, first_frames and frames_per_step say, got "
            "(3, 48, 64, 3) uint8",
        ),
        (
            "sglang", SglangStub(), {"first_frames": 9}, ValueError,
            "frames of the server must be (9, 48, 64, 3) uint8, as server, first_frames and frames_per_step say, got "
            "(3, 48, 64, 3) uint8",
        ),
        (
            "sglang", SglangStub(), {"server_width": 48}, ValueError,
            "frames of the world must have the proportions of the server's, 48 x 48, got 24 x 32",
        ),
        ("sglang", SglangStub(), {"most_sessions": 0}, ValueError, "most_sessions must be at least 1, got 0"),
        ("vllm_omni", VllmOmniStub(), {"overlap_frames": -1}, ValueError, "overlap_frames must be at least 0, got -1"),
        (
            "sglang", SglangStub(), {"url": "http://127.0.0.1"}, ValueError,
            "url must be the address of a server, such as 'ws://127.0.0.1:30000', got 'http://127.0.0.1'",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_a_sentence(name, stub, settings, error, message):
    with served(stub) as url, pytest.raises(error, match=f"^{re.escape(message)}$"):
        loaded(name, **{"url": url, **settings}).start([opening()], [1])


def test_a_server_that_is_not_there_is_told():
    with pytest.raises(
        ConnectionError, match=r"^a server must answer at ws://127.0.0.1:9/v1/realtime_video/generate, "
    ):
        loaded("sglang", "ws://127.0.0.1:9").start([opening()], [1])


def test_arrays_cross_as_openpi_writes_them():
    value = np.arange(6, dtype=np.float32).reshape(2, 3)
    raw = unpack(pack({"a": value, "b": np.float32(2), "c": [b"x", "y", 1, None]}))
    assert raw["a"].dtype == np.float32 and np.array_equal(raw["a"], value)
    assert raw["b"] == 2 and raw["c"] == [b"x", "y", 1, None]
    with pytest.raises(TypeError, match=r"^a message must hold plain values and arrays of numbers, got object$"):
        pack({"a": object()})
    with pytest.raises(ValueError, match=r"^a message must be MessagePack, got 1 bytes that are not: "):
        unpack(b"\xc1")
