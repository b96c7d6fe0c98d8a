"""Worlds of several bodies as PettingZoo has them: a module for each id, with `parallel_env` and `env`.

Importing this registers the ids with PettingZoo: `pettingzoo.make("parallel", "wm_gym/tag-v0")`.
"""

from wm_gym.envs.multi.making import register_ids

register_ids()
