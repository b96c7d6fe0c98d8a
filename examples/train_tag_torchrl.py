"""Train one policy by TorchRL that plays Tag for all bodies, by its gradient. Needs the extra `multi`, and torchrl.

TorchRL's wrapper of PettingZoo stacks the bodies along an axis; `MultiAgentMLP` computes them by the same weights. The
goal of a body tells it whether it seeks.
"""

import argparse

import torch
from tensordict.nn import TensorDictModule, TensorDictSequential
from torch import Tensor, nn
from torch.distributions import Categorical
from torchrl.envs import ExplorationType, MarlGroupMapType, PettingZooWrapper, set_exploration_type
from torchrl.modules import MultiAgentMLP, ProbabilisticActor

from wm_gym import presets
from wm_gym.envs.multi import tag_v0

BODIES, DISCOUNT, ENTROPY = 2, 0.95, 0.01
BANDS, COLUMNS = 3, 12


class Features(nn.Module):
    """What a body sees and is told as one row: depth in a few patches, its goal and its pose."""

    def forward(self, depth: Tensor, goal: Tensor, pose: Tensor) -> Tensor:
        """Rows (..., F) of depth (..., H, W, 1) uint8, goals and poses."""
        flat = depth.flatten(0, -4).movedim(-1, 1).float() / 255
        patches = nn.functional.adaptive_avg_pool2d(flat, (BANDS, COLUMNS)).flatten(1)
        return torch.cat([patches.unflatten(0, depth.shape[:-3]), goal.float(), pose.float()], -1)


def make_policy(worlds: PettingZooWrapper) -> ProbabilisticActor:
    """One policy for all bodies."""
    seen = worlds.observation_spec["agents", "observation"]
    size = BANDS * COLUMNS + seen["goal"].shape[-1] + seen["pose"].shape[-1]
    count = int(worlds.full_action_spec["agents", "action"].space.n)
    network = MultiAgentMLP(size, count, BODIES, centralized=False, share_params=True, depth=2, num_cells=64)
    parts = [("agents", "observation", name) for name in ("depth", "goal", "pose")]
    logits = TensorDictSequential(
        TensorDictModule(Features(), in_keys=parts, out_keys=[("agents", "features")]),
        TensorDictModule(network, in_keys=[("agents", "features")], out_keys=[("agents", "logits")]),
    )
    return ProbabilisticActor(
        logits, in_keys=[("agents", "logits")], out_keys=[("agents", "action")], distribution_class=Categorical
    )


def returns_of(rewards: Tensor, done: Tensor) -> Tensor:
    """Discounted sums (T, N) of rewards (T, N) to the end of each episode; `done` is (T,)."""
    sums, coming = torch.zeros_like(rewards), torch.zeros_like(rewards[0])
    for step in reversed(range(len(rewards))):
        coming = rewards[step] + DISCOUNT * coming * ~done[step]
        sums[step] = coming
    return sums


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=100)
    parser.add_argument("--cycles", type=int, default=128, help="steps of a rollout, of all bodies at once")
    parser.add_argument("--save", help="file for the weights")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    world = tag_v0.parallel_env(num_agents=BODIES, max_cycles=64, world="courtyard/9", **presets.RL)
    worlds = PettingZooWrapper(world, group_map=MarlGroupMapType.ALL_IN_ONE_GROUP, categorical_actions=True)
    worlds.set_seed(0)
    policy = make_policy(worlds)
    optimizer = torch.optim.Adam(policy.parameters(), 3e-4)
    for number in range(asked.rollouts):
        with torch.no_grad(), set_exploration_type(ExplorationType.RANDOM):
            rollout = worlds.rollout(asked.cycles, policy, break_when_any_done=False)
        rewards = rollout["next", "agents", "reward"].squeeze(-1)
        returns = returns_of(rewards, rollout["next", "done"].squeeze(-1))
        advantages = (returns - returns.mean(0)) / (returns.std(0) + 1e-6)  # the two roles have means of their own
        chosen = policy.get_dist(rollout)
        likely = chosen.log_prob(rollout["agents", "action"])
        loss = -(likely * advantages).mean() - ENTROPY * chosen.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"rollout {number}: {(rewards > 0.5).sum()} touches, entropy {chosen.entropy().mean():.3f}")
    if asked.save:
        torch.save(policy.state_dict(), asked.save)
    worlds.close()
