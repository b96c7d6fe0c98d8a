"""The scene bank: the best match is found and aligned, hints stay, and mirrored scenes are mirror images."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.backends.video.model import VideoModel
from wm_gym.completion.conditioning import conditioning_planes, surface_planes
from wm_gym.completion.inpainting import without_thin_holes
from wm_gym.completion.pipeline import Completion
from wm_gym.completion.placement import PlacementConfig, place_scene, render_placed
from wm_gym.completion.scene_bank import CELL, Likeness, SceneBank
from wm_gym.completion.stage import Draft, View
from wm_gym.completion.state import CompletionState, PlacedScene
from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.geometry.poses import compose, inverse
from wm_gym.memory.hints import Hints
from wm_gym.memory.render import render
from wm_gym.scenes.captures import save_capture
from wm_gym.scenes.images import open_picture
from wm_gym.scenes.sources import SHIPPED
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.world import World
from wm_gym.world_model import Capture, Opening

SIZE = 16, 24
LENS = torch.tensor([20.0, 20.0, 12.0, 8.0])
NOTHING = torch.zeros(SIZE, dtype=torch.bool)
SHY = PlacementConfig(takeover_threshold=1.0)
SENTENCES = "A red hall.", "A red street under a sky.", "A garden.", "A hall of stone."


def place(seed: int, twice: int = 1) -> Opening:
    """Two keyframes, one behind the other, of blocks of colour on a wall some metres ahead."""
    rng = np.random.default_rng(seed)
    height, width = twice * SIZE[0], twice * SIZE[1]
    blocks = rng.integers(40, 215, (1, 2, 3, 3)).repeat(height // 2, 1).repeat(width // 3, 2).astype(np.uint8)
    metres, body_poses = rng.uniform(4, 20), np.array([START_BODY_POSE, [-0.5, 0, 0, 0, 0]])
    depth = np.stack([np.full((height, width), metres + back, np.float32) for back in (0.0, 0.5)])
    capture = Capture(
        torch.from_numpy(blocks.repeat(2, 0)), torch.from_numpy(depth), torch.zeros(2, height, width, dtype=torch.bool),
        torch.from_numpy(camera_pose(body_poses)).float(), twice * LENS,
    )  # fmt: skip
    return Opening(f"hall/{seed}", SENTENCES[seed % 4], LENS, torch.zeros(1, 2), capture=capture)


@pytest.fixture(scope="module")
def bank(tmp_path_factory) -> SceneBank:
    folder = tmp_path_factory.mktemp("bank")
    for seed in range(6):
        save_capture(folder / f"hall-{seed}.npz", place(seed))
    return SceneBank.load(folder, *SIZE)


def seen_of(scene_bank: SceneBank, number: int, seen: torch.Tensor) -> Hints:
    """A scene rendered at its first keyframe, masked to the pixels (H, W) that are seen."""
    capture = scene_bank.capture(number)
    hints = render([scene_bank.memory(number)], capture.world_from_camera[None, :1], LENS[None], *SIZE, [0], [0])
    one = hints.of_world(0)
    return Hints(**{name: value * seen.view(1, *SIZE, *[1] * (value.ndim - 3)) for name, value in vars(one).items()})


def conditioning_of(hints: Hints, pose: torch.Tensor) -> torch.Tensor:
    return conditioning_planes(hints, pose[None, 2, :3], LENS[None], NEAR_METRES, FAR_METRES)


def left_half() -> torch.Tensor:
    seen = torch.zeros(SIZE, dtype=torch.bool)
    seen[:, : SIZE[1] // 2] = True
    return seen


def pose_at(x: float, y: float, yaw: float, pitch: float = 0.0) -> torch.Tensor:
    return torch.from_numpy(camera_pose([x, y, 0.0, yaw, pitch])).float()


def view_of(poses: torch.Tensor, frame_index: int = 0, seed: int = 0, prompt: str = "") -> View:
    return View(poses, LENS, frame_index, (seed,), prompt)


@given(st.integers(0, 11), st.floats(-9, 9), st.floats(-9, 9), st.floats(-3, 3), st.floats(-0.5, 0.5))
@settings(max_examples=24, deadline=None)
def test_half_of_a_key_view_retrieves_its_scene_and_aligns_it_with_the_view(bank, number, x, y, yaw, pitch):
    hints, pose = seen_of(bank, number, left_half()), pose_at(x, y, yaw, pitch)
    exact = PlacementConfig(temperature=0.0, clutter_penalty=0.0)
    placed_scene = place_scene(bank, conditioning_of(hints, pose_at(x, y, yaw)), view_of(pose[None]), exact)
    assert placed_scene.scene == number
    start = bank.capture(number).world_from_camera[0]
    stands = compose(placed_scene.world_from_scene, start)
    torch.testing.assert_close(stands, pose_at(x, y, yaw), rtol=0, atol=1e-4)


@pytest.mark.parametrize("number", [2, 8])
def test_seen_pixels_stay_and_the_rest_is_rendered_from_the_scene(bank, number):
    whole, half = seen_of(bank, number, torch.ones(SIZE, dtype=torch.bool)), seen_of(bank, number, left_half())
    pose = bank.capture(number).world_from_camera[:1]
    half.colour[:, :, :4] = 7
    laid = PlacedScene(number, torch.eye(4), since=1)
    shown, new = render_placed(bank, laid, half, NOTHING[None], view_of(pose), SHY)
    made = Draft.of(half, CompletionState()).filled(new, shown).hints
    assert torch.equal(new[0], ~left_half()) and made.seen.all() and (made.colour[:, :, :4] == 7).all()
    for name in ("colour", "log_depth", "area"):
        assert torch.equal(getattr(made, name)[new], getattr(whole, name)[new]), name


@pytest.mark.parametrize(("takeover_threshold", "area", "is_moving", "age", "gives_way"), [
    (0.5, 4.0, False, 3, True),  # coarse, and the scene has taken over
    (0.6, 4.0, False, 3, False),  # the scene shows only half of the frame
    (0.5, 0.9, False, 3, False),  # as fine as the scene
    (0.5, 4.0, True, 3, False),  # a moving object is no part of the scene
    (0.5, 4.0, False, 5, False),  # part of the opening
])  # fmt: skip
def test_a_scene_that_has_taken_over_replaces_coarse_points(bank, takeover_threshold, area, is_moving, age, gives_way):
    half, pose = seen_of(bank, 2, left_half()), bank.capture(2).world_from_camera[:1]
    half.area[:, :, :12], half.log_depth[:, :, :12], half.moving[:, :, :12], half.age[:] = area, 0.0, is_moving, age
    laid, config = PlacedScene(2, torch.eye(4), since=3), PlacementConfig(takeover_threshold=takeover_threshold)
    _, new = render_placed(bank, laid, half, NOTHING[None], view_of(pose, 5), config)
    assert torch.equal(new[0], NOTHING | True if gives_way else ~left_half())


@pytest.mark.parametrize(("age", "shown"), [(3, True), (5, False)])
def test_points_written_since_a_scene_was_placed_are_shown_from_the_scene(bank, age, shown):
    half, pose = seen_of(bank, 2, left_half()), bank.capture(2).world_from_camera[:1]
    half.log_depth[:, :, :12], half.age[:] = 0.0, age
    laid = PlacedScene(2, torch.eye(4), since=2)
    _, new = render_placed(bank, laid, half, NOTHING[None], view_of(pose, 5), SHY)
    assert torch.equal(new[0], NOTHING | True if shown else ~left_half())


def test_a_placed_scene_is_rendered_at_its_pose_in_the_world(bank):
    laid = PlacedScene(1, compose(pose_at(3, 1, 0.5), inverse(pose_at(0, 0, 0))), since=1)
    hints = seen_of(bank, 1, NOTHING)
    shown, _ = render_placed(bank, laid, hints, NOTHING[None], view_of(pose_at(3, 1, 0.5)[None]), SHY)
    whole = seen_of(bank, 1, torch.ones(SIZE, dtype=torch.bool))
    assert (shown.colour != whole.colour).float().mean() < 0.02
    torch.testing.assert_close(shown.log_depth, whole.log_depth, rtol=0, atol=1e-3)


def test_the_second_half_of_a_bank_is_the_mirror_image_of_the_first(bank):
    assert bank.num_scenes == 12
    everything = torch.ones(SIZE, dtype=torch.bool)
    for number in range(6):
        plain, mirrored = (seen_of(bank, k, everything) for k in (number, number + 6))
        assert torch.equal(plain.colour.flip(2), mirrored.colour)


def test_without_hints_the_seed_chooses_the_scene(bank):
    known = conditioning_of(seen_of(bank, 0, NOTHING), pose_at(0, 0, 0))
    config = PlacementConfig(candidates=24, temperature=1.0)
    looks = [view_of(pose_at(0, 0, 0)[None], seed=seed) for seed in (1, 1, 2, 3, 4, 5)]
    made = [place_scene(bank, known, look, config).scene for look in looks]
    assert made[0] == made[1] and len(set(made)) > 1


def test_the_prompt_limits_the_scenes_to_choose_from(bank):
    known = conditioning_of(seen_of(bank, 0, NOTHING), pose_at(0, 0, 0))
    config = PlacementConfig(candidates=24, temperature=9.0)
    looks = [view_of(pose_at(0, 0, 0)[None], seed=seed, prompt="The garden.") for seed in range(40)]
    made = {place_scene(bank, known, look, config).scene for look in looks}
    assert made == {2, 8}


@given(st.text(), st.text())
def test_likeness_is_symmetric_and_between_0_and_1(one, other):
    assert 0 <= float(Likeness([one]).to(other)) <= 1
    assert float(Likeness([one]).to(other)) == float(Likeness([other]).to(one))
    assert float(Likeness(["Two red words"]).to("two words, red!")) == 1


def test_a_keyframe_before_a_wall_or_looking_up_is_no_key_view(tmp_path):
    save_capture(tmp_path / "a.npz", place(0))
    assert len(SceneBank.load(tmp_path, *SIZE).key_views.scene) == 4  # two keyframes and their mirror images
    opening = place(0)
    opening.capture.depth[0], opening.capture.world_from_camera[1] = 2.0, pose_at(-0.5, 0, 0, 0.4)
    save_capture(tmp_path / "a.npz", opening)
    with pytest.raises(ValueError, match=re.escape("must look level into the open, got none")):
        SceneBank.load(tmp_path, *SIZE).key_views  # noqa: B018


def test_keyframes_may_be_finer_than_frames(tmp_path):
    save_capture(tmp_path / "fine.npz", place(3, twice=2))
    fine = SceneBank.load(tmp_path, *SIZE)
    assert fine.capture(0).depth.shape == (2, 2 * SIZE[0], 2 * SIZE[1])
    many, cells = fine.memory(0).num_static, fine.key_views.cells
    save_capture(tmp_path / "fine.npz", place(3))
    plain = SceneBank.load(tmp_path, *SIZE)
    assert many > 3 * plain.memory(0).num_static
    assert torch.equal(cells, plain.key_views.cells)


def test_key_views_are_surface_images_averaged_over_cells(bank):
    capture = bank.capture(4)
    planes = surface_planes(capture.frames[:1], capture.depth[:1], NEAR_METRES, FAR_METRES)
    cells = planes.unfold(2, CELL, CELL).unfold(3, CELL, CELL).mean((-1, -2))
    row = int((bank.key_views.scene == 4).nonzero()[0])
    torch.testing.assert_close(bank.key_views.cells[row], cells[0])


def test_a_scene_bank_is_a_folder_of_captures_and_part_of_the_hash(tmp_path):
    with pytest.raises(ValueError, match=re.escape(f"a folder of captures (.npz), got {tmp_path} without one")):
        Completion.create(48, 64, scene_bank=str(tmp_path))
    with pytest.raises(ValueError, match="must hold at least one capture, got none"):
        SceneBank([], *SIZE)
    (tmp_path / "a.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=re.escape("must be a capture (.npz), got a file that cannot be read")):
        SceneBank.load(tmp_path, *SIZE).key_views  # noqa: B018
    given, without = Completion.create(48, 64, scene_bank=str(SHIPPED)), Completion.create(48, 64)
    assert given.scene_bank is not None and without.scene_bank is None
    alone = Completion.create(48, 64, scene_bank=str(SHIPPED), layout="none")
    assert len({given.weights, without.weights, alone.weights, ""}) == 4


def test_thin_holes_are_left_out_and_large_unseen_regions_are_not():
    unseen = torch.zeros(1, 12, 16, dtype=torch.bool)
    unseen[0, 3, 2:9], unseen[0, 5:7, 4], unseen[0, 9, 9] = True, True, True
    assert not without_thin_holes(unseen).any()
    strip = unseen.clone()
    strip[..., 10:] = True
    assert torch.equal(without_thin_holes(strip), torch.arange(16).expand(1, 12, 16) >= 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"candidates": 0}, "candidates must be at least 1, got 0"),
        ({"max_placed": 0}, "max_placed must be at least 1, got 0"),
        ({"temperature": -1.0}, "temperature must not be negative, got -1.0"),
        ({"clutter_penalty": -0.5}, "clutter_penalty must not be negative, got -0.5"),
        ({"min_likeness": 1.5}, "min_likeness must be from 0 to 1, got 1.5"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        PlacementConfig(**change)


def test_a_world_continues_in_placed_scenes_and_after_a_round_trip_through_bytes():
    """A cold opening that turns in place has a few placed scenes, and they are part of the state."""
    world = World(VideoModel.create(48, 64), completion=Completion.create(48, 64, scene_bank=str(SHIPPED)))
    opening = open_picture(np.full((48, 64, 3), 120, np.uint8), 48, 64)
    state, _ = world.start([opening], [3])
    turn = np.tile([0.0, 0.0, 1.0, 0.0], (1, 4, 1))
    for _ in range(6):
        state, _ = world.step(state, turn)
    placed = state.completions[0].placed
    assert 1 <= len(placed) <= PlacementConfig().max_placed
    back, _ = from_bytes(to_bytes(state, world), world)
    assert [one.scene for one in back.completions[0].placed] == [one.scene for one in placed]
    (_, here), (_, there) = world.step(state, turn), world.step(back, turn)
    assert torch.equal(here.chunk.frames, there.chunk.frames) and torch.equal(here.chunk.depth, there.chunk.depth)
    assert here.hints.seen.float().mean() < 1  # some pixels had to be completed
    again = here.hints.seen & ~here.hints.moving & ~here.chunk.write_mask
    assert again.any()  # what places show instead of what is known is not remembered once more
