"""Video world models as Gymnasium environments. Importing this registers the ids; nothing heavy is imported."""

import os

# Idle OpenMP threads that spin starve each other on a small machine (a step of 8 ms takes 800). OpenMP reads this
# once, when torch is first imported; who sets it, or imports torch earlier, is left alone.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from wm_gym.envs.registration import register_ids

__version__ = "0.1.0"

register_ids()
