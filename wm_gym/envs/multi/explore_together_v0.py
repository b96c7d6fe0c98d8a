"""ExploreTogether: see as much of the floor as possible, each its part.

The task is `wm_gym.envs.tasks.explore_together`.
"""

from wm_gym.envs.multi.making import env_of, parallel_env_of

parallel_env = parallel_env_of("explore_together")
env = env_of("explore_together")
