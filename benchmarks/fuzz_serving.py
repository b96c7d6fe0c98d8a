"""A server under messages and requests that no client would send: no fault of its own, no crash, bounded memory.

    python benchmarks/fuzz_serving.py --frames 100000 --json fuzz.json
    python benchmarks/fuzz_serving.py --frames 0 --requests 50      # schemathesis alone, which must be installed

Frames go to the streams of sessions and of a player, a director and a spectator of a shared world: valid JSON with
wrong values, broken JSON, bytes, packed values with a byte changed, ids out of order, frames over the server's limit.
Each must be answered; a frame that is too large ends its connection with code 1009. Requests are drawn by schemathesis
from the server's own OpenAPI schema, with the token and without.

JSON keys: `machine`; `frames`, `refused` and `done` of them, `too_large`; `closed_by_fault`: connections that ended by
code 1011; `faults`: replies that tell of a fault of the server; `memory_mb_early`, `memory_mb_late` (after a tenth of
the frames and after all), `memory_ratio`; `frames_per_second`; `schemathesis`: its exit status, 0 where it found
nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from machine import machine, machine_line
from served import TOKEN, Served, server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wm_gym.progress import progress_bar
from wm_gym.serving.gate import MOST_BYTES
from wm_gym.serving.wire import pack, unpack

Frame = str | bytes

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 3, 8, 9, 2**31, 2**63, 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "fog",
    "it starts to snow", "\ud800", "\x00", "a" * 1001, "../../etc/passwd", [], [1], [1.0, 0.0, 0.0, 0.0], [[1]], {},
    {"x": 1}, {"__array__": [0, "uint8", [2]]}, {"__bytes__": 0}, ["frames"], ["frames", "frames"], ["smell"],
    {"world": "city/9"}, {"events": [{"at": 1, "text": "fog"}]}, {"state": "x"},
)  # fmt: skip

DOINGS = (
    "step", "look", "reset", "event", "stop_event", "undo", "record", "spaces", "act", "follow", "time", "close", "",
    None,
)  # fmt: skip

FIELDS = ("action", "seed", "options", "text", "for_steps", "event", "body", "on", "want", "image", "id", "do", "x")

FULL_IS_NO_FAULT = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503]
"""
"""Settings of schemathesis: a server that is full says so by 503."""

EVERY_TOO_LARGE = 10_000
"""Frames between two that are over the limit."""


def random_frame(rng: random.Random, number: int) -> Frame:
    """A frame that is mostly none.

    Args:
        rng: Draws it.
        number: Id that a right message would have now.
    """
    message = _message(rng, number)
    return rng.choices(
        (
            lambda: json.dumps(message),
            lambda: _broken(rng, json.dumps(message)),
            lambda: rng.randbytes(rng.randrange(200)),
            lambda: _changed(rng, message),
            lambda: "[" * rng.randrange(2, 5000),
            lambda: rng.choice(("", "null", "3", '"x"', "[]", "{}", "NaN", "9" * 5000)),
        ),
        weights=(60, 15, 8, 12, 2, 3),
    )[0]()


def _message(rng: random.Random, number: int) -> dict[str, Any]:
    ids = (number, number, number, number, number - 1, 0, -number, number + rng.randrange(100), rng.choice(VALUES))
    message: dict[str, Any] = {"id": rng.choice(ids), "do": rng.choice(DOINGS), "want": []}
    if message["do"] == "reset" and rng.random() < 0.98:  # opening a world takes long, and is seldom what fails
        message["seed"] = -1
    for _ in range(rng.randrange(4)):
        message[rng.choice(FIELDS)] = rng.choice(VALUES)
    return message


def _broken(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text))
    return rng.choice((text[:place], text[:place] + rng.choice('{}[]",:\\\x00é') + text[place + 1 :]))


def _changed(rng: random.Random, message: dict[str, Any]) -> bytes:
    data = bytearray(pack(message))
    if rng.random() < 0.7:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def is_fault(reply: Frame) -> bool:
    """Whether a reply tells of a fault of the server."""
    return isinstance(reply, str) and "the server could not do this" in reply


class Fuzz:
    """Frames sent so far, and what came of them."""

    def __init__(self, served: Served, seed: int) -> None:
        self._served, self._rng = served, random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.memory: list[float] = []

    async def run(self, frames: int, seconds: float, batch: int = 500) -> None:
        """Send so many, or as many as the time allows, in batches to one stream after another."""
        party = (await self._served.request("POST", "/parties", {"seed": 1})).value
        keys, number, until = list(party["keys"].values()), 0, time.monotonic() + seconds
        with progress_bar(total=frames, unit="frame") as bar:
            while self.counts["frames"] < frames and time.monotonic() < until:
                session = (await self._served.request("POST", "/sessions", {"seed": number})).value["id"]
                paths = (f"/sessions/{session}/stream", f"/join/{keys[number % len(keys)]}/stream")
                for path in paths:
                    await self._batch(path, min(batch, frames - self.counts["frames"]), answers="join" not in path)
                await self._served.request("DELETE", f"/sessions/{session}")
                self.memory.append(self._served.resident_mb())
                number += 1
                bar.update(self.counts["frames"] - bar.n)

    async def _batch(self, path: str, count: int, *, answers: bool) -> None:
        """Send frames to one stream; where `answers`, each has one reply."""
        address = f"ws{self._served.url.removeprefix('http')}{path}?token={TOKEN}"
        async with connect(address, max_size=None, compression=None, ping_interval=None, open_timeout=300) as socket:
            reading = asyncio.create_task(self._read(socket, 1 + count if answers else None))
            try:
                for number in range(1, count + 1):
                    self.counts["frames"] += 1
                    if self.counts["frames"] % EVERY_TOO_LARGE == 0:
                        await socket.send(b"x" * (MOST_BYTES + 1))
                    await socket.send(random_frame(self._rng, number))
                if answers:
                    await reading
                else:
                    await socket.close()
            except ConnectionClosed as gone:
                code = gone.rcvd.code if gone.rcvd else None
                self.counts["too_large"] += code == 1009
                self.counts["closed_by_fault"] += code == 1011
            finally:
                reading.cancel()

    async def _read(self, socket: ClientConnection, count: int | None) -> None:
        """Read replies, so many where it is known."""
        read = 0
        while count is None or read < count:
            reply = await socket.recv()
            read += 1
            self.counts["faults"] += is_fault(reply)
            value = json.loads(reply) if isinstance(reply, str) else unpack(reply)
            self.counts["done" if value.get("ok", True) else "refused"] += 1


def schemathesis(served: Served, examples: int) -> int:
    """Exit status of schemathesis on the server's schema: with the token, and without."""
    program = shutil.which("schemathesis")
    if program is None:
        raise SystemExit("requests are drawn by schemathesis: pip install schemathesis")
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    with TemporaryDirectory() as folder:
        settings = Path(folder) / "schemathesis.toml"
        settings.write_text(FULL_IS_NO_FAULT)
        asked = [program, f"--config-file={settings}", "run", f"{served.url}/openapi.json", f"--checks={checks}"]
        asked += ["--phases=examples,coverage,fuzzing,stateful", "--request-timeout=300", "--seed=1"]
        known = [f"--max-examples={examples}", f"--header=Authorization: Bearer {TOKEN}"]
        runs = [subprocess.run([*asked, *more], check=False, cwd=folder) for more in (known, ["--max-examples=5"])]
    return max(run.returncode for run in runs)


def main() -> None:
    """Fuzz, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3600.0, help="longest time for frames")
    parser.add_argument("--requests", type=int, default=0, help="examples of each request for schemathesis")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    settings = ["backends=[memory_only]", "world=city/9", "height=36", "width=48", "finer=1", "most_sessions=16"]
    figures: dict[str, Any] = {"machine": machine()}
    with server(*settings, "idle_seconds=600") as served:
        if asked.frames:
            fuzz, began = Fuzz(served, asked.seed), time.monotonic()
            asyncio.run(fuzz.run(asked.frames, asked.seconds))
            early, late = fuzz.memory[len(fuzz.memory) // 10], fuzz.memory[-1]
            names = ("frames", "refused", "done", "too_large", "closed_by_fault", "faults")
            figures |= {name: fuzz.counts[name] for name in names}
            figures |= {"memory_mb_early": early, "memory_mb_late": late, "memory_ratio": late / early}
            figures["frames_per_second"] = fuzz.counts["frames"] / (time.monotonic() - began)
        if asked.requests:
            figures["schemathesis"] = schemathesis(served, asked.requests)
        assert served.process.poll() is None, "the server must be alive"
    print(machine_line())
    print("\n".join(f"{name:20s}{value}" for name, value in figures.items() if name != "machine"))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
