"""Whether a vision-language agent does what it is told, in places that it was not trained on.

    python benchmarks/instructions.py --backend twin --worlds 8 --rounds 4 --json instructions.json

In each episode one world of the split `test` opens, a fire is lit ahead, the body steps back and turns by an angle that
its number says, of ten around the circle; then an agent is told one thing. What was done is read off the body's path:

 - `turn_left`, `turn_right`: after 5 steps it has turned by more than 45 degrees to that side;
 - `backwards`: after 6 steps it stands more than a metre behind where it stood, as it looked then;
 - `fire`: after 48 steps it stands within 2 metres of the fire's middle.

Beside the agent (`told`) the same is measured where it is told to explore (`untold`), of an agent that presses keys at
random (`random`), and of the scripted experts of the training data, who know where everything is (`expert`). JSON keys:
those four, each with a share of episodes for each instruction; `episodes` of each;
`legal`, the share of answers that were legal chunks; `milliseconds` per decision, and the machine.

`--tasks 24` plays whole tasks instead, that many episodes of 64 steps in unseen places, of the agent, of random
actions, of who walks on and turns at walls, and of the scripted explorer: `tasks` holds what
`wm_gym.agents.summary.summary` says of each.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from machine import machine, machine_line

from wm_gym.agents.episodes import Start, make_worlds, play
from wm_gym.agents.registry import make_agent
from wm_gym.agents.summary import summary
from wm_gym.agents.vlm.agent import VLMAgent
from wm_gym.agents.vlm.experts import roam
from wm_gym.agents.vlm.filming import place_of
from wm_gym.agents.vlm.instructions import FAMILIES, family_of_thing
from wm_gym.agents.vlm.replies import Writer
from wm_gym.agents.vlm.sights import sight_of
from wm_gym.agents.vlm.writers import make_writer
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.geometry.motion import KEYS

TOLD = {"turn_left": "turn left", "turn_right": "turn right", "backwards": "walk backwards", "fire": "go to the fire"}
STEPS = {"turn_left": 5, "turn_right": 5, "backwards": 6, "fire": 48}
UNTOLD = "explore"
_FIRES = ("a bonfire is lit ahead", "a bonfire is lit on the left", "a bonfire is lit on the right")
_NEAR_METRES = 2.0
_STEPS_BACK, _TURNS = 3, 20

TASKS: dict[str, dict[str, float]] = {
    "explore": {"target_square_metres": 1e9}, "point_goal": {}, "find_object": {},
}  # fmt: skip
PLAYERS = ("vlm", "random", "wall_turner", "explorer")
_TASK_STEPS = 64

WHO = ("told", "untold", "random", "expert")

Act = Callable[[Any, Any], np.ndarray]


def unseen_place(number: int) -> str:
    """A place that no film of the training shows."""
    return place_of("test", number)


def open_places(env: WorldVectorEnv, numbers: Sequence[int]) -> tuple[Any, Any]:
    """Unseen places of all families, each with a fire somewhere about."""
    options = [{"world": unseen_place(number), "events": [{"at": 0, "text": _FIRES[number % 3]}]} for number in numbers]
    env.reset(seed=list(numbers), options=options)
    observation, _, _, _, info = env.step(np.zeros((env.num_envs, 8), np.int8))
    for step in range(_STEPS_BACK + _TURNS):
        keys = [_moving_off(step, 2 * number % _TURNS) for number in numbers]
        observation, _, _, _, info = env.step(np.array([[key == one for key in KEYS] for one in keys], np.int8))
    return observation, info


def _moving_off(step: int, turns: int) -> str:
    if step < _STEPS_BACK:
        return "S"
    return "J" if step < _STEPS_BACK + turns else ""


def walk(env: WorldVectorEnv, act: Act, steps: int, now: tuple[Any, Any]) -> np.ndarray:
    """Body poses (S + 1, N, 5) of a walk."""
    observation, info = now
    poses = [_poses(env)]
    for _ in range(steps):
        observation, _, _, _, info = env.step(act(observation, info))
        poses.append(_poses(env))
    return np.stack(poses)


def is_done(kind: str, poses: np.ndarray, fires: Sequence[tuple[float, float]]) -> np.ndarray:
    """(N,) bool: whether each of N paths did what was told."""
    first, last = poses[0], poses[-1]
    if kind == "fire":
        return np.linalg.norm(last[:, :2] - np.asarray(fires), axis=-1) < _NEAR_METRES
    if kind == "backwards":
        moved = last[:, :2] - first[:, :2]
        return moved[:, 0] * np.cos(first[:, 3]) + moved[:, 1] * np.sin(first[:, 3]) < -1.0
    turned = np.degrees(np.unwrap(poses[:, :, 3], axis=0)[-1] - first[:, 3])
    return turned > 45 if kind == "turn_left" else turned < -45


def measure(env: WorldVectorEnv, writer: Writer, rounds: int) -> dict[str, Any]:
    """The figures of the module's text."""
    done: dict[str, dict[str, list[bool]]] = {who: {kind: [] for kind in TOLD} for who in WHO}
    counts = {"asked": 0, "legal": 0}
    waited = 0.0
    for number in range(rounds):
        numbers = [number * env.num_envs + n for n in range(env.num_envs)]
        now = open_places(env, numbers)
        opened, fires = (
            env.get_state(),
            [sight_of(env, n).things.get("fire", (np.inf, np.inf)) for n in numbers_of(env)],
        )
        for who in done:
            for kind, text in TOLD.items():
                env.set_state(opened)
                agent = VLMAgent(env, writer=writer, instruction=text if who == "told" else UNTOLD)
                agent.reset(numbers_of(env), numbers)
                others = {"random": _random(numbers, kind), "expert": _expert(env, kind)}
                act = others.get(who, agent.act)
                done[who][kind] += is_done(kind, walk(env, act, STEPS[kind], now), fires).tolist()
                waited += agent.waited_seconds
                for name in counts:
                    counts[name] += agent.stats[name]
        print(f"{number + 1} of {rounds}:", {who: _shares(rows) for who, rows in done.items()}, flush=True)
    shares = {who: _shares(rows) for who, rows in done.items()}
    legal, milliseconds = counts["legal"] / counts["asked"], 1000 * waited / counts["asked"]
    return shares | {"episodes": rounds * env.num_envs, "legal": legal, "milliseconds": milliseconds}


def follow_instructions(backend: str, model: str, worlds: int, rounds: int) -> dict[str, Any]:
    """The figures of instructions, in worlds that are closed again."""
    env = WorldVectorEnv(
        worlds, task="explore", backend=backend, obs_mode="rgb", action_mode="keys", return_text=True,
        draw_events=True, finer=1, autoreset_mode="Disabled", task_settings=TASKS["explore"],
    )  # fmt: skip
    try:
        return measure(env, make_writer(model, "", {}), rounds)
    finally:
        env.close()


def numbers_of(env: WorldVectorEnv) -> list[int]:
    """0 to N - 1."""
    return list(range(env.num_envs))


def _shares(rows: dict[str, list[bool]]) -> dict[str, float]:
    return {kind: round(float(np.mean(one)), 3) for kind, one in rows.items()}


def _poses(env: WorldVectorEnv) -> np.ndarray:
    return np.stack([sub_env.now.outcome.body_poses[0, -1] for sub_env in env.sub_envs])


def _random(numbers: Sequence[int], kind: str) -> Act:
    """One key or none for two to eight steps each, drawn anew."""
    rngs = [np.random.default_rng([number, len(kind)]) for number in numbers]
    held: list[list[np.ndarray]] = [[] for _ in numbers]

    def act(observation: Any, info: Any) -> np.ndarray:
        for n, rng in enumerate(rngs):
            if not held[n]:
                held[n] = [np.eye(9, 8, dtype=np.int8)[rng.integers(9)]] * int(rng.integers(2, 9))
        return np.stack([row.pop() for row in held])

    return act


def _expert(env: WorldVectorEnv, kind: str) -> Act:
    """The experts' chunks, one after another; one who sees no way to the fire roams."""
    expert = family_of_thing(kind).expert if kind == "fire" else FAMILIES[kind].expert
    held: list[list[np.ndarray]] = [[] for _ in range(env.num_envs)]

    def act(observation: Any, info: Any) -> np.ndarray:
        for n in numbers_of(env):
            if not held[n]:
                sight = sight_of(env, n)
                keys = expert(sight)
                held[n] = list(roam(sight)[:4] if keys is None else keys)
        return np.stack([row.pop(0) for row in held]).astype(np.int8)

    return act


def play_tasks(backend: str, model: str, worlds: int, episodes: int) -> dict[str, Any]:
    """What each of `PLAYERS` comes to in each of `TASKS`."""
    starts = [Start(number, unseen_place(number)) for number in range(episodes)]
    figures: dict[str, dict[str, Any]] = {}
    for task, settings in TASKS.items():
        for player in PLAYERS:
            own = {"model": model} if player == "vlm" else {}
            env = make_worlds(
                player, own, worlds, task=task, task_settings=settings, backend=backend, finer=1,
                world=unseen_place(0), max_episode_steps=_TASK_STEPS,
            )  # fmt: skip
            try:
                figures.setdefault(task, {})[player] = summary(play(make_agent(player, env, own), starts))
            finally:
                env.close()
            print(task, player, figures[task][player], flush=True)
    return {"tasks": figures}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backend", default="twin")
    parser.add_argument("--model", default="", help="folder or hub id; empty for the shipped one")
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--tasks", type=int, default=0, help="episodes of whole tasks; 0 for instructions")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.tasks:
        figures = play_tasks(arguments.backend, arguments.model, arguments.worlds, arguments.tasks)
    else:
        figures = follow_instructions(arguments.backend, arguments.model, arguments.worlds, arguments.rounds)
    figures |= {"machine": machine()}
    print(json.dumps(figures, indent=1), machine_line(), sep="\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
