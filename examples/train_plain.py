"""PPO in one file, in the style of CleanRL: of wm-gym it uses `gymnasium.make_vec`, spaces and `step` alone.

    python examples/train_plain.py --steps 2000

Source: Schulman et al. 2017, "Proximal Policy Optimization Algorithms".
"""

import argparse
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gymnasium as gym
import torch
from torch import Tensor, nn
from torch.distributions import Categorical

from wm_gym import presets  # importing it registers the ids

GAMMA, LAMBDA, CLIP, ENTROPY, ROLLOUT, EPOCHS = 0.98, 0.95, 0.2, 0.01, 32, 4


class Agent(nn.Module):
    """A policy and a value from an image, the pose and the goal."""

    def __init__(self, spaces: gym.spaces.Dict, num_actions: int) -> None:
        super().__init__()
        self.eye = nn.Sequential(
            nn.Conv2d(3, 16, 8, 4), nn.ReLU(), nn.Conv2d(16, 32, 4, 2), nn.ReLU(), nn.Flatten(), nn.LazyLinear(128)
        )
        self.vectors = [name for name, space in spaces.items() if len(space.shape) == 1]
        self.body = nn.Sequential(nn.LazyLinear(128), nn.Tanh())
        self.policy, self.value = nn.Linear(128, num_actions), nn.Linear(128, 1)

    def forward(self, seen: dict[str, Tensor]) -> tuple[Categorical, Tensor]:
        """Policy and values (N,) of N observations."""
        image = seen["rgb"].movedim(-1, -3).float() / 255 - 0.5
        x = self.body(torch.cat([self.eye(image), *(seen[name].float() for name in self.vectors)], 1))
        return Categorical(logits=self.policy(x)), self.value(x)[:, 0]


def returns_of(rewards: Tensor, values: Tensor, ended: Tensor, last: Tensor) -> Tensor:
    """Generalised advantages plus values, (T, N)."""
    advantage, found = torch.zeros_like(last), []
    following = torch.cat([values[1:], last[None]])
    for t in reversed(range(len(rewards))):
        goes_on = 1 - ended[t].float()
        advantage = rewards[t] + GAMMA * following[t] * goes_on - values[t] + GAMMA * LAMBDA * goes_on * advantage
        found.append(advantage + values[t])
    return torch.stack(found[::-1])


def collect(envs: gym.vector.VectorEnv, agent: Agent, seen: dict[str, Tensor]) -> tuple[dict[str, Tensor], list]:
    """The observations after a rollout, and its actions, log-probabilities, values, rewards, ends and observations."""
    rows = []
    for _ in range(ROLLOUT):
        with torch.no_grad():
            choice, value = agent(seen)
        action = choice.sample()
        following, reward, terminated, truncated, _ = envs.step(action)
        rows.append((action, choice.log_prob(action), value, reward, terminated | truncated, seen))
        seen = following
    *columns, shown = zip(*rows, strict=True)
    batch = {name: torch.cat([one[name] for one in shown]) for name in seen}
    return seen, [*map(torch.stack, columns), batch]


def learn(agent: Agent, optimizer: torch.optim.Optimizer, rollout: list, last: Tensor) -> None:
    """Some epochs of PPO on one rollout."""
    actions, old, values, rewards, ended, batch = rollout
    returns = returns_of(rewards, values, ended, last)
    advantages = (returns - values).flatten()
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    for _ in range(EPOCHS):
        choice, value = agent(batch)
        ratio = (choice.log_prob(actions.flatten()) - old.flatten()).exp()
        gain = torch.min(ratio * advantages, ratio.clamp(1 - CLIP, 1 + CLIP) * advantages).mean()
        loss = 0.5 * (value - returns.flatten()).square().mean() - gain - ENTROPY * choice.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
        optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="wm_gym/PointGoal-v0")
    parser.add_argument("--num-envs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=2000)
    asked = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    envs = gym.make_vec(asked.env, asked.num_envs, output="torch", autoreset_mode="SameStep", **presets.RL)
    agent = Agent(envs.single_observation_space, int(envs.single_action_space.n))
    seen, _ = envs.reset(seed=0)
    agent(seen)  # gives the lazy layers their sizes
    optimizer = torch.optim.Adam(agent.parameters(), 3e-4, eps=1e-5)
    for update in range(1, 1 + -(-asked.steps // (ROLLOUT * asked.num_envs))):
        seen, rollout = collect(envs, agent, seen)
        with torch.no_grad():
            last = agent(seen)[1]
        learn(agent, optimizer, rollout, last)
        print(f"{update * ROLLOUT * asked.num_envs:6d} steps, mean reward {float(rollout[3].mean()):+.3f}")
    envs.close()


if __name__ == "__main__":
    main()
