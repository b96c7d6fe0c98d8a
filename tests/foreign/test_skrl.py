"""skrl: its wrapper round one world and round the native batch, and a few steps of its PPO."""

import numpy as np
import pytest
import torch

pytestmark = pytest.mark.slow

ID = "wm_gym/PointGoal-v0"


@pytest.fixture
def wrap():
    wrappers = pytest.importorskip("skrl.envs.wrappers.torch")
    return lambda env, **settings: wrappers.wrap_env(env, verbose=False, **settings)


def _walk(env, steps=4):
    shown, _ = env.reset()
    for _ in range(steps):
        actions = np.stack([np.atleast_1d(env.action_space.sample()) for _ in range(env.num_envs)])
        shown, rewards, terminated, truncated, _ = env.step(torch.from_numpy(actions))
    assert shown.shape[0] == env.num_envs and rewards.isfinite().all()
    assert terminated.shape == truncated.shape == (env.num_envs, 1)


@pytest.mark.parametrize("action_mode", ["discrete", "twist"])
def test_skrl_wraps_one_world(make, wrap, small, action_mode):
    _walk(wrap(make(ID, action_mode=action_mode, **small)))


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("action_mode", ["discrete", "twist"])
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_skrl_wraps_the_native_batch(make_vec, wrap, memory, mode, action_mode, named):
    settings = {"autoreset_mode": mode, "action_mode": action_mode, "max_episode_steps": 3, **memory}
    _walk(wrap(make_vec(ID, num_envs=2, **settings), **({"wrapper": "gymnasium"} if named else {})))


def test_skrl_wraps_worlds_that_stay_on_their_device(make_vec, wrap, memory):
    _walk(wrap(make_vec(ID, num_envs=2, output="torch", **memory), wrapper="gymnasium"))


def test_skrl_has_no_key_chords(make, wrap, memory):
    env = wrap(make(ID, action_mode="keys", **memory))
    env.reset()
    with pytest.raises(ValueError, match="MultiBinary"):
        env.step(torch.zeros(1, 8))


def test_skrls_ppo_learns_in_the_native_batch(make_vec, wrap, memory, tmp_path):
    env = wrap(make_vec(ID, num_envs=2, max_episode_steps=5, obs_mode="pose", **memory), wrapper="gymnasium")
    _ppo(env, tmp_path, rollouts=8, steps=16)


def test_skrls_ppo_learns_in_one_world(make, wrap, memory, tmp_path):
    _ppo(wrap(make(ID, max_episode_steps=5, obs_mode="pose", **memory)), tmp_path, rollouts=8, steps=16)


def _ppo(env, folder, *, rollouts, steps):
    """Train for a few steps; the policy must have changed."""
    from skrl.agents.torch.ppo import PPO
    from skrl.memories.torch import RandomMemory
    from skrl.trainers.torch import SequentialTrainer
    from skrl.utils.model_instantiators.torch import categorical_model, deterministic_model

    spaces = {"observation_space": env.observation_space, "action_space": env.action_space, "device": env.device}
    network = [
        {
            "name": "net",
            "input": "concatenate([OBSERVATIONS['pose'], OBSERVATIONS['goal']])",
            "layers": [16],
            "activations": "elu",
        }
    ]
    policy = categorical_model(**spaces, network=network, output="ACTIONS")
    value = deterministic_model(**spaces, network=network, output="ONE")
    agent = PPO(
        models={"policy": policy, "value": value},
        memory=RandomMemory(memory_size=rollouts, num_envs=env.num_envs, device=env.device),
        cfg={
            "rollouts": rollouts,
            "learning_epochs": 1,
            "mini_batches": 1,
            "experiment": {"directory": str(folder), "write_interval": 0, "checkpoint_interval": 0},
        },
        **spaces,
    )
    trainer = SequentialTrainer(
        env=env, agents=agent, cfg={"timesteps": steps, "disable_progressbar": True, "close_environment_at_exit": False}
    )
    policy.act({"observations": env.reset()[0]}, role="policy")
    before = [parameter.detach().clone() for parameter in policy.parameters()]
    trainer.train()
    changed = [not torch.equal(one, other) for one, other in zip(before, policy.parameters(), strict=True)]
    assert any(changed)
