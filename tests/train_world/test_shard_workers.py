"""Shards by workers have the bytes of those that recording processes write."""

import json

import pytest

pytest.importorskip("vizdoom")

from wm_gym.launching.pool import LocalPool, arrivals
from wm_gym.train_world.data.collect import collect
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.recordings import MANIFEST
from wm_gym.train_world.data.shard_worker import ShardWorkers


@pytest.mark.slow
def test_a_worker_gives_the_bytes_that_collecting_writes(tmp_path):
    config = CollectConfig(
        output=str(tmp_path), num_clips=2, clips_per_shard=1, steps=2, height=24, width=32, workers=1
    )
    collect(config, quiet=True)
    rows = json.loads((tmp_path / MANIFEST).read_text())["shards"]
    pool = LocalPool(ShardWorkers(config))
    for number, (row, content) in arrivals(pool, range(2)):
        assert row == rows[number] and content == (tmp_path / row["name"]).read_bytes()
    pool.close()


def test_where_clips_are_recorded_is_no_setting_of_the_dataset():
    config = CollectConfig(launcher="ray", launcher_settings={"workers": 2})
    assert config.settings() == CollectConfig().settings()
    with pytest.raises(ValueError, match=r"^launcher must be one of \['local', 'ray'\], got 'slurm'$"):
        CollectConfig(launcher="slurm")
