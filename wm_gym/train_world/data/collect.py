"""`collect`: records clips in several processes until a dataset is complete. Can be stopped and resumed.

Each clip follows from the settings and its number alone, so an interrupted dataset ends in the same bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from wm_gym.files.atomic import check_writable, sweep
from wm_gym.files.hashing import sha256_of
from wm_gym.launching.launchers import read_launcher
from wm_gym.progress import progress_bar
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.recordings import MANIFEST, read_manifest
from wm_gym.train_world.data.shard_worker import record_launched
from wm_gym.train_world.data.shards import shard_name, write_manifest

_CLOSING_SECONDS = 8.0


def collect(config: CollectConfig, *, quiet: bool = False) -> dict[str, Any]:
    """Record the missing clips of a dataset; returns its manifest.

    Raises:
        ValueError: If the folder holds a dataset with other settings, or cannot be written to.
        RuntimeError: If an engine died or the disk is full; finished shards stay.
    """
    check_writable(config.output, is_folder=True)
    folder = Path(config.output)
    is_new = not (folder / MANIFEST).exists()
    manifest = _open(folder, config)
    done = {row["name"] for row in manifest["shards"]}
    missing = [number for number in range(config.num_shards) if shard_name(number) not in done]
    finished = sum(row["clips"] for row in manifest["shards"])
    bar = progress_bar(total=config.num_clips, initial=finished, desc="collecting", unit="clip", disable=quiet)
    # closed at once when interrupted, or recorders would go on writing
    with bar, contextlib.closing(_answers(config, missing)) as answers, _nothing_left(folder, manifest, is_new):
        for answer in answers:
            if "shard" in answer:
                _enter(folder, manifest, answer)
            else:
                bar.update()
    return manifest


@contextlib.contextmanager
def _nothing_left(folder: Path, manifest: dict[str, Any], is_new: bool) -> Generator[None]:
    """Take a new dataset away in which nothing could be recorded."""
    try:
        yield
    except RuntimeError:
        if is_new and not manifest["shards"]:
            (folder / MANIFEST).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # a folder with files of others
                folder.rmdir()
        raise


def _answers(config: CollectConfig, missing: list[int]) -> Generator[dict[str, Any]]:
    launcher = read_launcher(config.launcher, config.launcher_settings)
    return _record_shards(config, missing) if launcher is None else record_launched(config, missing, launcher)


def _enter(folder: Path, manifest: dict[str, Any], answer: dict[str, Any]) -> None:
    """Enter a finished shard in the manifest."""
    row = {name: answer[name] for name in ("name", "clips", "sha256")}
    manifest["shards"] = sorted([*manifest["shards"], row], key=lambda one: one["name"])
    write_manifest(folder, manifest)


def _open(folder: Path, config: CollectConfig) -> dict[str, Any]:
    """The manifest to resume from: a new one, or that of the folder with the shards that are whole."""
    manifest = config.manifest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RuntimeError(f"{folder} could not be made: {error.strerror}") from error
    if (folder / MANIFEST).exists():
        old = read_manifest(folder)
        changed = sorted(name for name, value in config.settings().items() if old["settings"].get(name) != value)
        if changed:
            raise ValueError(
                f"{changed[0]} must stay {old['settings'].get(changed[0])!r} in {folder}, got "
                f"{config.settings()[changed[0]]!r}: collect into another folder"
            )
        expected = {shard_name(k): len(config.clips_of_shard(k)) for k in range(config.num_shards)}
        if old.get("event_kinds") != manifest["event_kinds"]:
            raise ValueError(
                f"event_kinds of {folder} must be {manifest['event_kinds']}, got {old.get('event_kinds')}: "
                "collect into another folder"
            )
        manifest["shards"] = [row for row in old["shards"] if _is_whole(folder, row, expected)]
    sweep(folder)
    write_manifest(folder, manifest)
    return manifest


def _is_whole(folder: Path, row: dict[str, Any], expected: dict[str, int]) -> bool:
    return expected.get(row["name"]) == row["clips"] and sha256_of(folder / row["name"]) == row["sha256"]


def _record_shards(config: CollectConfig, shards: list[int]) -> Generator[dict[str, Any]]:
    """Answers of the recorders, as they come."""
    waiting: Queue[int] = Queue()
    answers: Queue[dict[str, Any]] = Queue()
    for number in shards:
        waiting.put(number)
    recorders = [_start(config) for _ in range(min(config.workers, len(shards)))]
    drivers = [Thread(target=_drive, args=(one, waiting, answers), daemon=True) for one in recorders]
    try:
        for driver in drivers:
            driver.start()
        left = len(shards)
        while left:
            answer = answers.get()
            if "error" in answer:
                raise RuntimeError(answer["error"])
            left -= "shard" in answer
            yield answer
    finally:
        for one in recorders:
            one.terminate()
        for one in recorders:
            _end(one)


def _start(config: CollectConfig) -> subprocess.Popen[str]:
    """A recorder in its own session, so that Ctrl-C reaches only this process, which ends it in order."""
    path = os.pathsep.join(os.path.abspath(part) for part in sys.path)
    quiet = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    recorder = subprocess.Popen(
        [sys.executable, "-m", "wm_gym.train_world.data.recorder"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **quiet, "PYTHONPATH": path}, start_new_session=True,
    )  # fmt: skip
    _send(recorder, json.dumps(asdict(config)))
    return recorder


def _drive(recorder: subprocess.Popen[str], waiting: Queue[int], answers: Queue[dict[str, Any]]) -> None:
    """Give one recorder shard after shard, and pass on its answers."""
    with contextlib.suppress(Empty):
        while True:
            _send(recorder, str(waiting.get_nowait()))
            answer: dict[str, Any] = {}
            while "shard" not in answer:
                assert recorder.stdout is not None
                line = recorder.stdout.readline()
                answer = json.loads(line) if line.endswith("\n") else {"error": _death(recorder)}
                answers.put(answer)
                if "error" in answer:
                    return


def _send(recorder: subprocess.Popen[str], line: str) -> None:
    assert recorder.stdin is not None
    with contextlib.suppress(OSError):  # a dead recorder is noticed by its silence
        recorder.stdin.write(line + "\n")
        recorder.stdin.flush()


def _death(recorder: subprocess.Popen[str]) -> str:
    with contextlib.suppress(subprocess.TimeoutExpired):
        recorder.wait(_CLOSING_SECONDS)
    return f"a recording process ended early (exit status {recorder.returncode}); collect again to go on"


def _end(recorder: subprocess.Popen[str]) -> None:
    try:
        recorder.wait(_CLOSING_SECONDS)
    except subprocess.TimeoutExpired:
        recorder.kill()
        recorder.wait()
    for pipe in (recorder.stdin, recorder.stdout):
        with contextlib.suppress(OSError):  # unsent shard numbers do not matter now
            assert pipe is not None
            pipe.close()
