"""Meet: come together and see one another. The task is `wm_gym.envs.tasks.meet`."""

from wm_gym.envs.multi.making import env_of, parallel_env_of

parallel_env = parallel_env_of("meet")
env = env_of("meet")
