"""A server under many clients who come, go, fork, save, go back and are killed: memory, cross-talk, and a restart.

    python benchmarks/soak.py --sessions 32 --seconds 1200 --json soak.json

Clients walk by chance. Some send a step, lose the connection and send it again; some vanish without a word, and their
sessions are closed when nobody has used them for five minutes. Each session is recorded on the server. What its client
was shown must be what was recorded, step by step, and `--verify` recordings are generated again alone. At the end the
server is killed (SIGKILL); another one with the same key goes on from saved states as the first one did.

JSON keys: `machine`; `sessions`, `seconds`, `size`, `backend`; how much happened: `lives`, `steps`, `forks`, `saves`,
`undos`, `events`, `lost_replies`, `vanished`, `expired` (their clients came too late), `refused` (the server was full),
`compared` (recordings); `steps_per_second`; `memory_mb_early`, `memory_mb_late`, `memory_ratio`: resident memory of the
server, the median of the second and of the last fifth of the time; `memory_slope_mb_per_hour` after the first fifth;
`shown_differs`: sessions whose client was not shown what was recorded; `verified`, `verified_differs`: recordings that
were generated again alone, and differed; `resumed`, `resumed_differs`: saved states that another server went on from,
and not as the first one.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from machine import machine, machine_line
from served import Answer, ExpiredError, Served, Stream, server
from tqdm import tqdm

from wm_gym.envs.replay.format import Replay
from wm_gym.envs.replay.verification import verify
from wm_gym.progress import progress_bar

SAMPLE_SECONDS = 5.0
MOST_SAVED, STEPS_AFTER = 12, 6
MEAN_STEPS = 30
HABITS = {
    "fork": 0.02,
    "save": 0.03,
    "lose": 0.03,
    "undo": 0.02,
    "event": 0.01,
    "vanish": 0.002,
    "leave": 1 / MEAN_STEPS,
}
"""Chance of each before a step."""

COUNTED = (
    "lives", "steps", "forks", "saves", "undos", "events", "lost_replies", "vanished", "expired", "refused", "compared",
    "shown_differs",
)  # fmt: skip

TEXTS = ("it starts to snow", "fog rolls in", "night falls", "it stops snowing")
RAW = {"want": ["frames"], "image": "raw"}


@dataclass
class Saved:
    """A saved state and how its session went on.

    Attributes:
        state: As the server gave it.
        went_on: Actions after it and digests of what they showed.
    """

    state: bytes
    went_on: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Soak:
    """What has happened so far."""

    served: Served
    worlds: list[str]
    until: float
    bar: tqdm[Any]
    counts: Counter[str] = field(default_factory=Counter)
    saved: list[Saved] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)

    async def run(self, clients: int) -> None:
        """Let so many clients live until the time is over."""
        watching = asyncio.create_task(self._watch_memory())
        await asyncio.gather(*(self._lives(np.random.default_rng([7, n])) for n in range(clients)))
        watching.cancel()

    async def _watch_memory(self) -> None:
        while True:
            self.memory.append((time.monotonic(), self.served.resident_mb()))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _lives(self, rng: np.random.Generator) -> None:
        while time.monotonic() < self.until:
            self.counts["lives"] += 1
            asked = {"seed": int(rng.integers(1000)), "options": {"world": str(rng.choice(self.worlds))}}
            answer = await self.served.request("POST", "/sessions", asked)
            if answer.status == 503:  # those who vanished are not closed yet
                self.counts["refused"] += 1
                await asyncio.sleep(2.0)
                continue
            try:
                await Life(self, rng, answer.value["id"]).run()
            except ExpiredError:
                self.counts["expired"] += 1


class Life:
    """One client from coming to leaving."""

    def __init__(self, soak: Soak, rng: np.random.Generator, session_id: str) -> None:
        self._soak, self._rng, self._id = soak, rng, session_id
        self._stream = Stream(soak.served.url, session_id)
        self._digests: list[str] = []
        self._saving: list[Saved] = []

    async def run(self) -> None:
        """Walk until it leaves, vanishes, or the time is over."""
        await self._done("POST", "/recording")
        self._note(await self._stream.ask("look", **RAW))
        while time.monotonic() < self._soak.until:
            chosen = [habit for habit, chance in HABITS.items() if self._rng.random() < chance]
            if "vanish" in chosen:
                self._soak.counts["vanished"] += 1
                self._stream.abort()
                return
            if "leave" in chosen:
                break
            await self._do(chosen)
        await self._leave()

    async def _do(self, chosen: list[str]) -> None:
        if "fork" in chosen:
            await self._fork()
        if "save" in chosen and len(self._soak.saved) < MOST_SAVED:
            self._saving.append(Saved((await self._request("GET", "/state")).good))
            self._soak.counts["saves"] += 1
        if "event" in chosen:
            self._saving.clear()
            await self._done("POST", "/events", {"text": str(self._rng.choice(TEXTS))})
            self._soak.counts["events"] += 1
        if "undo" in chosen and len(self._digests) > 1:
            await self._undo()
        action = int(self._rng.integers(9))
        ask = self._stream.ask_twice if "lose" in chosen else self._stream.ask
        self._soak.counts["lost_replies"] += "lose" in chosen
        self._note(await ask("step", action=action, **RAW), action)

    def _note(self, reply: dict[str, Any], action: int | None = None) -> None:
        assert reply["ok"], reply
        digest = _digest(reply["frames"])
        del self._digests[reply["step"] :]
        assert len(self._digests) == reply["step"], "every step must be made once"
        self._digests.append(digest)
        if action is None:
            return
        self._soak.counts["steps"] += 1
        self._soak.bar.set_postfix_str(f"{self._soak.counts['steps']} steps")
        for one in self._saving:
            one.went_on.append((action, digest))
        self._soak.saved += [one for one in self._saving if len(one.went_on) == STEPS_AFTER]
        self._saving = [one for one in self._saving if len(one.went_on) < STEPS_AFTER]

    async def _fork(self) -> None:
        answer = await self._request("POST", "/fork")
        if answer.status == 503:
            self._soak.counts["refused"] += 1
            return
        self._soak.counts["forks"] += 1
        await self._close()
        self._id = answer.value["id"]
        self._stream = Stream(self._soak.served.url, self._id)
        self._saving.clear()

    async def _undo(self) -> None:
        reply = await self._stream.ask("undo", **RAW)
        if reply["ok"]:
            self._soak.counts["undos"] += 1
            self._saving.clear()
            self._note(reply)

    async def _leave(self) -> None:
        data = (await self._request("GET", "/recording")).good
        await self._close()
        self._soak.kept.append(data)
        replay = Replay.from_bytes(data)
        seen = [_digest(one.frames(_height(replay))) for one in replay.shown]
        self._soak.counts["compared"] += 1
        self._soak.counts["shown_differs"] += seen != self._digests

    async def _close(self) -> None:
        await self._stream.close()
        await self._request("DELETE")

    async def _request(self, method: str, path: str = "", body: Any = None) -> Answer:
        answer = await self._soak.served.request(method, f"/sessions/{self._id}{path}", body)
        if answer.status == 404:
            raise ExpiredError
        return answer

    async def _done(self, method: str, path: str, body: Any = None) -> None:
        assert (await self._request(method, path, body)).good


def _digest(frames: np.ndarray) -> str:
    return hashlib.blake2b(np.ascontiguousarray(frames).tobytes(), digest_size=8).hexdigest()


def _height(replay: Replay) -> int:
    return int(replay.settings["resolution"][0])


async def resumed(served: Served, saved: list[Saved]) -> tuple[int, int]:
    """How many saved states a server goes on from, and how many of them not as it should."""
    differ = 0
    for one in saved:
        session_id = (await served.request("POST", "/sessions", {"opens": False})).value["id"]
        answer = await served.request("PUT", f"/sessions/{session_id}/state", one.state)
        assert answer.good
        stream = Stream(served.url, session_id)
        seen = [_digest((await stream.ask("step", action=action, **RAW))["frames"]) for action, _ in one.went_on]
        differ += seen != [digest for _, digest in one.went_on]
        await stream.close()
        await served.request("DELETE", f"/sessions/{session_id}")
    return len(saved), differ


def memory_figures(samples: list[tuple[float, float]]) -> dict[str, float]:
    """Early, late and slope of (seconds, megabytes)."""
    times, sizes = np.array(samples).T
    share = (times - times[0]) / max(times[-1] - times[0], 1e-9)
    early, late = np.median(sizes[(share >= 0.2) & (share < 0.4)]), np.median(sizes[share >= 0.8])
    slope = np.polyfit(times[share >= 0.2], sizes[share >= 0.2], 1)[0]
    return {
        "memory_mb_early": float(early),
        "memory_mb_late": float(late),
        "memory_ratio": float(late / early),
        "memory_slope_mb_per_hour": float(slope * 3600),
    }


async def soaked(asked: argparse.Namespace, settings: list[str]) -> dict[str, Any]:
    """All figures."""
    spare = max(2, asked.sessions // 4)
    with server(*settings, f"most_sessions={asked.sessions + spare}", "idle_seconds=300") as served:
        offered = (await served.request("GET", "/offer")).value["worlds"]
        worlds = [name for name in offered if name != "imagined"]
        bar = progress_bar(total=asked.seconds, unit="s")
        soak = Soak(served, worlds, time.monotonic() + asked.seconds, bar)
        timing = asyncio.create_task(_tick(bar, asked.seconds))
        await soak.run(asked.sessions)
        timing.cancel()
        bar.close()
    with server(*settings, "most_sessions=4") as served:
        count, differ = await resumed(served, soak.saved)
    chosen = np.random.default_rng(0).permutation(len(soak.kept))[: asked.verify]
    checks = [verify(Replay.from_bytes(soak.kept[n])).agrees for n in progress_bar(chosen, unit="replay")]
    return {
        **{name: soak.counts[name] for name in COUNTED},
        "steps_per_second": soak.counts["steps"] / asked.seconds,
        **memory_figures(soak.memory),
        "verified": len(checks),
        "verified_differs": checks.count(False),
        "resumed": count,
        "resumed_differs": differ,
    }


async def _tick(bar: tqdm[Any], seconds: int) -> None:
    for _ in range(seconds):
        await asyncio.sleep(1.0)
        bar.update()


def main() -> None:
    """Soak, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=1200)
    parser.add_argument("--backend", default="memory_only")
    parser.add_argument("--size", default="36x48", metavar="HxW")
    parser.add_argument("--verify", type=int, default=20, help="recordings to generate again alone")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    height, width = asked.size.split("x")
    settings = [f"backends=[{asked.backend}]", "world=city/9", f"height={height}", f"width={width}", "finer=1"]
    what = {"sessions": asked.sessions, "seconds": asked.seconds, "size": asked.size, "backend": asked.backend}
    figures = {"machine": machine(), **what, **asyncio.run(soaked(asked, settings))}
    print(machine_line())
    print("\n".join(f"{name:28s}{value}" for name, value in figures.items() if name != "machine"))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
