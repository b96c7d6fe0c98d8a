import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_one_policy_is_trained_for_all_bodies(tmp_path):
    file = tmp_path / "policy.zip"
    command = [sys.executable, "examples/train_tag.py", "--steps", "512", "--judge-steps", "4", "--save", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert file.stat().st_size > 0 and done.stdout.count("touches in 100 steps") == 3
