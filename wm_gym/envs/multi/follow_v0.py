"""Follow: one leads, the others stay behind it and near. The task is `wm_gym.envs.tasks.follow`."""

from wm_gym.envs.multi.making import env_of, parallel_env_of

parallel_env = parallel_env_of("follow")
env = env_of("follow")
