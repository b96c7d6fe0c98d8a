"""The backend `memory_only`: hints as frames, guesses never as knowledge."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch

from wm_gym.backends.memory_only import MemoryOnlyModel, fill_from_nearest
from wm_gym.backends.registry import load_backend
from wm_gym.memory.hints import Hints
from wm_gym.world_model import Capture, Condition, Guidance, Opening, Place, WorldModel

HEIGHT, WIDTH = 6, 8


def model() -> MemoryOnlyModel:
    return MemoryOnlyModel(HEIGHT, WIDTH)


def opening(height: int = HEIGHT) -> Opening:
    generator = torch.Generator().manual_seed(0)
    capture = Capture(
        frames=torch.randint(0, 256, (3, height, WIDTH, 3), generator=generator).to(torch.uint8),
        depth=torch.rand(3, height, WIDTH, generator=generator) + 1,
        moving=torch.rand(3, height, WIDTH, generator=generator) > 0.5,
        world_from_camera=torch.eye(4).repeat(3, 1, 1),
        intrinsics=torch.tensor([8.0, 8.0, 4.0, 3.0]),
    )
    return Opening("room/1", "a room", capture.intrinsics, torch.zeros(0, 2), capture=capture)


def condition(seen: torch.Tensor) -> Condition:
    """One world, T frames; red where seen, at 2 m."""
    shape = seen.shape
    hints = Hints(
        colour=torch.tensor([200, 0, 0], dtype=torch.uint8) * seen[..., None],
        log_depth=torch.full(shape, 2.0).log() * seen,
        seen=seen,
        moving=torch.zeros(shape, dtype=torch.bool),
        age=torch.zeros(shape, dtype=torch.int32),
        same_appearance=seen,
        area=seen.float(),
        from_behind=torch.zeros_like(seen),
    )
    poses = torch.eye(4).repeat(*shape[:2], 1, 1)
    keys = torch.zeros(*shape[:2], 8, dtype=torch.bool)
    guidance = Guidance(hints, torch.zeros_like(seen))
    return Condition(poses, torch.ones(shape[0], 4), keys, [[""]], [()], [0], [0], guidance)


def test_it_is_a_world_model_and_a_row_of_the_table():
    assert isinstance(model(), WorldModel)
    assert load_backend("memory_only", 48, 64).spec.height == 48


def test_it_opens_on_the_first_keyframe():
    one = opening()
    state, chunk = model().start([one, one], [0, 1])
    assert one.capture is not None and state == (None, None)
    assert chunk.frames.shape == (2, 1, HEIGHT, WIDTH, 3) and torch.equal(chunk.frames[1, 0], one.capture.frames[0])
    assert chunk.depth is not None and torch.equal(chunk.depth[0, 0], one.capture.depth[0])
    assert chunk.moving is not None and torch.equal(chunk.moving[0, 0], one.capture.moving[0])


def test_what_is_seen_is_shown_and_the_rest_is_filled_with_unknown_depth():
    seen = torch.zeros(1, 4, HEIGHT, WIDTH, dtype=torch.bool)
    seen[..., :3] = True
    _, chunk = model().step((None,), condition(seen))
    assert (chunk.frames == torch.tensor([200, 0, 0])).all()
    assert chunk.depth is not None and (chunk.depth[~seen] == 0).all()
    torch.testing.assert_close(chunk.depth[seen], torch.full((4 * HEIGHT * 3,), 2.0))


def test_the_nearest_seen_pixel_fills_a_hole():
    colour, seen = torch.zeros(1, 8, 3, dtype=torch.uint8), torch.zeros(1, 8, dtype=torch.bool)
    seen[0, [0, 7]], colour[0, 0], colour[0, 7] = True, 10, 90
    assert fill_from_nearest(colour, seen)[0, :, 0].tolist() == [10] * 4 + [90] * 4


def test_a_view_of_nothing_known_is_grey():
    _, chunk = model().step((None,), condition(torch.zeros(1, 4, HEIGHT, WIDTH, dtype=torch.bool)))
    assert (chunk.frames == 127).all() and chunk.depth is not None and not chunk.depth.any()


def test_states_select_join_and_survive_packing():
    ours = model()
    state = ours.cat([(None, None), (None,)])
    assert state == (None, None, None) and ours.select(state, [0, 0]) == (None, None)
    assert ours.unpack(ours.pack(state)) == state and ours.obstacles(state, 0) is None


@pytest.mark.parametrize(
    ("change", "came"),
    [
        ({}, "a bare prompt"),
        ({"image": torch.zeros(HEIGHT, WIDTH, 3, dtype=torch.uint8)}, "image"),
        ({"place": Place("city", 17)}, "place"),
    ],
)
def test_it_needs_a_capture(change, came):
    message = f"backend 'memory_only' opens from posed RGB-D keyframes (Opening.capture), got {came}"
    with pytest.raises(ValueError, match=re.escape(message)):
        model().start([replace(opening(), capture=None, **change)], [0])


def test_other_bad_input_is_refused_in_one_sentence():
    with pytest.raises(
        ValueError, match=re.escape("keyframes must be as large as 6 x 8 pixels or larger in both alike, got 7 x 8")
    ):
        model().start([opening(7)], [0])
    with pytest.raises(ValueError, match=re.escape("backend 'memory_only' needs the hints of 1 worlds, got none")):
        blank = condition(torch.zeros(1, 4, HEIGHT, WIDTH, dtype=torch.bool))
        model().step((None,), replace(blank, guidance=None))
    with pytest.raises(ValueError, match=re.escape("settings of MemoryOnlyModel must be among [], got 'steps'")):
        MemoryOnlyModel.create(4, 4, steps=2)
    with pytest.raises(ValueError, match=re.escape("height must be at least 1, got 0")):
        MemoryOnlyModel(0, 4)
