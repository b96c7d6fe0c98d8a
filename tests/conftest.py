"""What every test stands on: quiet threads, one unless OMP_NUM_THREADS says more, and the same examples every time."""

import os

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # read once, when torch is first imported

import hypothesis
import torch

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))

hypothesis.settings.register_profile("wm-gym", deadline=None, derandomize=True, max_examples=30, database=None)
hypothesis.settings.load_profile("wm-gym")
