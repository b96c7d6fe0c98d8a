import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from twin_walks import active, all_bytes, condition

from wm_gym.backends.twin.client import EngineError
from wm_gym.backends.twin.model import TwinModel, open_place
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.world_model import Opening, Place, WorldModel

HEIGHT, WIDTH = 24, 32
STORY = {"bonfire": (1, 7), "walker": (2, 9), "snowfall": (1, 12), "night": (3, 8), "fireworks": (4, 12), "fog": (5, 9)}


@pytest.fixture(scope="module")
def model():
    twin = TwinModel.create(HEIGHT, WIDTH, max_processes=2, save_every_steps=4)
    yield twin
    twin.close()


@pytest.fixture(scope="module")
def elsewhere():
    twin = TwinModel.create(HEIGHT, WIDTH, max_processes=1, save_every_steps=4)
    yield twin
    twin.close()


@pytest.fixture(scope="module")
def city() -> Opening:
    return open_place(Place("city", 3), HEIGHT, WIDTH)


def story_events(step):
    spans = enumerate(STORY.items())
    return tuple(active(kind, 4 * (step - a), i) for i, (kind, (a, b)) in spans if a <= step < b)


def follow(model, opening, state, begin, end):
    told, states = [], [state]
    for step in range(begin, end):
        state, chunk = model.step(state, condition([opening], step, [story_events(step)]))
        told.append(all_bytes(chunk))
        states.append(state)
    return told, states


def test_the_twin_is_a_world_model_with_depth_and_moving_masks(model):
    assert isinstance(model, WorldModel)
    assert (model.spec.first_frames, model.spec.frames_per_step, model.spec.fps) == (1, 4, 17.5)
    assert model.spec.gives_depth and model.spec.gives_moving and not model.spec.takes_guidance


def test_the_opening_chunk_is_one_frame_at_the_opening_pose(model, city):
    _, chunk = model.start([city], [1])
    assert chunk.frames.shape == (1, 1, HEIGHT, WIDTH, 3) and chunk.frames.dtype == torch.uint8
    assert chunk.depth.shape == (1, 1, HEIGHT, WIDTH) and chunk.moving.dtype == torch.bool
    assert torch.equal(chunk.world_from_camera[0, 0], torch.from_numpy(camera_pose(START_BODY_POSE)).float())
    assert 0.2 < chunk.depth.min() < chunk.depth.max() <= 100.0


def test_a_step_gives_four_frames_at_the_given_poses(model, city):
    state, _ = model.start([city], [1])
    asked = condition([city], 0)
    _, chunk = model.step(state, asked)
    assert chunk.frames.shape == (1, 4, HEIGHT, WIDTH, 3)
    assert torch.equal(chunk.world_from_camera, asked.world_from_camera)


def test_the_same_episode_gives_the_same_bytes_here_elsewhere_and_restored_half_way(model, elsewhere, city):
    def tell(twin):
        state, _ = twin.start([city], [5])
        return follow(twin, city, state, 0, 12)

    told, states = tell(model)
    assert tell(model)[0] == told
    assert tell(elsewhere)[0] == told
    for step in (0, 3, 4, 6, 9):
        taken_up = elsewhere.unpack(model.pack(states[step]))
        assert follow(elsewhere, city, taken_up, step, 12)[0] == told[step:]


def test_another_seed_makes_people_walk_elsewhere(model, city):
    def last(seed):
        state, _ = model.start([city], [seed])
        for step in range(4):
            state, chunk = model.step(state, condition([city], step))
        return chunk

    assert not torch.equal(last(1).frames, last(2).frames)


def test_a_state_can_be_stepped_twice_and_forks_are_independent(model, city):
    state, _ = model.start([city], [1])
    state, _ = model.step(state, condition([city], 0))
    both = model.select(state, [0, 0])
    pair = condition([city, city], 1, [(), (active("night", 0),)])
    _, chunk = model.step(both, pair)
    alone, single = model.step(state, condition([city], 1))
    assert all_bytes(chunk, 0) == all_bytes(single)
    assert not torch.equal(chunk.frames[0], chunk.frames[1])
    assert model.cat([alone, both]).worlds[1:] == both.worlds


def test_more_worlds_than_processes_take_turns(model, city):
    openings = [city, open_place(Place("rooms", 1), HEIGHT, WIDTH), city]
    state, _ = model.start(openings, [1, 2, 3])
    for step in range(2):
        state, together = model.step(state, condition(openings, step))
    assert len(model.process_ids) <= 2
    single, _ = model.start([openings[1]], [2])
    for step in range(2):
        single, alone = model.step(single, condition([openings[1]], step))
    assert all_bytes(together, 1) == all_bytes(alone)


def test_fire_and_visitor_appear_and_disappear_with_their_events(model, city):
    state, _ = model.start([city], [1])
    state, before = model.step(state, condition([city], 0))
    events = (active("bonfire", 0, 7), active("walker", 0, 8))
    state, during = model.step(state, condition([city], 0, [events]))
    state, after = model.step(state, condition([city], 0))
    names = [set(chunk.truth[0].instance_names.values()) for chunk in (before, during, after)]
    assert {"Bonfire"} <= names[1] and any(name.startswith("Visitor") for name in names[1])
    assert not any(name.startswith(("Bonfire", "Visitor")) for name in names[0] | names[2])
    masks = during.truth[0].event_masks
    assert masks["bonfire"].any() and masks["walker"].any()
    assert (masks["walker"] <= during.moving[0].numpy()).all()
    assert set(during.truth[0].event_strengths) == {"bonfire", "walker"} and not after.truth[0].event_masks


def test_a_body_collides_with_walls_and_not_at_its_start(model, city):
    state, _ = model.start([city], [1])
    obstacles = model.obstacles(state, 0)
    assert not obstacles.blocked(city.waypoints.double().numpy(), 0.3).any()
    far_away = np.stack([np.linspace(0, 200, 2000), np.zeros(2000)], axis=-1)
    assert obstacles.blocked(far_away, 0.3).any()


def test_a_dead_engine_raises_once_and_the_world_continues(elsewhere, city):
    state, _ = elsewhere.start([city], [1])
    state, _ = elsewhere.step(state, condition([city], 0))
    os.kill(elsewhere.process_ids[0], signal.SIGKILL)
    with pytest.raises(EngineError, match=r"died .*reset the world"):
        for _ in range(100):
            elsewhere.step(state, condition([city], 1))
    _, again = elsewhere.step(state, condition([city], 1))
    fresh, _ = elsewhere.start([city], [1])
    for step in range(2):
        fresh, chunk = elsewhere.step(fresh, condition([city], step))
    assert all_bytes(again) == all_bytes(chunk)


def test_a_forked_child_continues_with_an_engine_of_its_own(elsewhere, city):
    state, _ = elsewhere.start([city], [5])
    expected, _ = follow(elsewhere, city, state, 0, 2)
    state, _ = elsewhere.step(state, condition([city], 0, [story_events(0)]))
    pids = elsewhere._pool.pids
    child = os.fork()
    if child == 0:
        told, _ = follow(elsewhere, city, state, 1, 2)
        others = not set(pids) & set(elsewhere._pool.pids)
        elsewhere.close()
        os._exit(0 if told == expected[1:] and others else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert follow(elsewhere, city, state, 1, 2)[0] == expected[1:]
    assert elsewhere._pool.pids == pids


@pytest.mark.slow
def test_closed_and_killed_models_leave_no_processes_or_files(tmp_path):
    script = tmp_path / "no_main_guard.py"
    script.write_text(
        "import sys, time\n"
        "from wm_gym.world_model import Place\n"
        "from wm_gym.backends.twin.model import TwinModel, open_place\n"
        "model = TwinModel.create(24, 32)\n"
        "model.start([open_place(Place('rooms', 0), 24, 32)], [0])\n"
        "print(model.process_ids[0], flush=True)\n"
        "time.sleep(60 if sys.argv[1] == 'wait' else 0)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    for way in ("end", "wait"):
        process = subprocess.Popen([sys.executable, script, way], env=environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        if way == "wait":
            process.kill()
        process.wait(30)
        for _ in range(100):
            if not Path(f"/proc/{worker}").exists() and not list(tmp_path.glob("wm_gym_twin_*")):
                break
            subprocess.run(["sleep", "0.1"], check=True)
        assert not Path(f"/proc/{worker}").exists()
        assert not list(tmp_path.glob("wm_gym_twin_*"))


def test_the_engine_process_needs_no_torch():
    code = "import sys, wm_gym.backends.twin.worker; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


def bad_poses(altered):
    def change(opening):
        asked = condition([opening], 0)
        poses = asked.world_from_camera.clone()
        return dataclasses.replace(asked, world_from_camera=altered(poses))

    return change


def nan(poses):
    poses[0, 0, 0, 3] = float("nan")
    return poses


def pitched(poses):
    return torch.from_numpy(camera_pose(np.array([[0, 0, 0, 0, 1.0]] * 4))).float()[None]


BAD_CONDITIONS = [
    (bad_poses(lambda poses: poses[:, :3]), r"world_from_camera must have shape \(1, 4, 4, 4\), got \(1, 3, 4, 4\)"),
    (bad_poses(nan), "world_from_camera must be finite"),
    (bad_poses(pitched), "no roll and pitch within 25 degrees"),
    (
        lambda opening: dataclasses.replace(condition([opening], 0), intrinsics=torch.ones(1, 4)),
        "intrinsics must stay those of the opening",
    ),
]


@pytest.mark.parametrize(("change", "message"), BAD_CONDITIONS)
def test_a_condition_that_does_not_fit_gets_one_clear_sentence(model, city, change, message):
    state, _ = model.start([city], [1])
    with pytest.raises(ValueError, match=message):
        model.step(state, change(city))


def test_openings_without_a_place_and_unknown_settings_are_refused(model, city):
    with pytest.raises(ValueError, match="backend 'twin' opens places, got 'city/3'"):
        model.start([dataclasses.replace(city, place=None)], [0])
    with pytest.raises(ValueError, match="settings of backend 'twin' must be among"):
        TwinModel.create(HEIGHT, WIDTH, speed=3)
    with pytest.raises(ValueError, match="max_processes must be an integer of at least 1, got 0"):
        TwinModel.create(HEIGHT, WIDTH, max_processes=0)


@pytest.mark.parametrize(("idle_processes", "moves"), [(1, True), (2, False)])
def test_idle_engines_wait_at_their_places(city, idle_processes, moves):
    hall = open_place(Place("warehouse", 3), HEIGHT, WIDTH)
    twin = TwinModel.create(HEIGHT, WIDTH, max_processes=2, idle_processes=idle_processes)
    pids = []
    for opening in (city, hall, city, hall):
        twin.start([opening], [len(pids)])
        pids.append(tuple(twin._pool.pids))
    twin.close()
    assert len(pids[0]) == 1 and len(set(pids[1:])) == 1
    assert len(pids[-1]) == (1 if moves else 2)


def test_a_state_of_another_version_or_size_is_refused(model, city):
    state, _ = model.start([city], [1])
    packed = model.pack(state)
    with pytest.raises(ValueError, match="format"):
        model.unpack(dataclasses.replace(packed, meta={**packed.meta, "format": 99}))
    other = TwinModel.create(HEIGHT * 2, WIDTH * 2)
    with pytest.raises(ValueError, match="the state must be of 48 x 64 pixels, got 24 x 32"):
        other.unpack(packed)
