"""Tag: one seeks, the others flee. The task is `wm_gym.envs.tasks.tag`."""

from wm_gym.envs.multi.making import env_of, parallel_env_of

parallel_env = parallel_env_of("tag")
env = env_of("tag")
