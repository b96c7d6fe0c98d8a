"""Walk through a generated world for a while, and let it snow on the way."""

import gymnasium as gym

import wm_gym  # noqa: F401  (registers the ids)

env = gym.make("wm_gym/Explore-v0", world="city/19", obs_mode="rgb+depth+points+pose", return_text=True)
events = [{"at": 8, "text": "it starts to snow", "for": 16}]
observation, info = env.reset(seed=7, options={"events": events})
print(info["prompt"])
for _ in range(32):
    observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    print(f"frame {info['frame_index']:3d}  reward {reward:5.2f}  trust {info['trust']:.2f}  {info['env_feedback']}")
env.close()
