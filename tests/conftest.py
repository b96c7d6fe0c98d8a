"""What every test stands on: quiet threads and the same examples on every run."""

import os

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # read once, when torch is first imported

import hypothesis
import torch

torch.set_num_threads(1)

hypothesis.settings.register_profile("wm-gym", deadline=None, derandomize=True, max_examples=30, database=None)
hypothesis.settings.load_profile("wm-gym")
