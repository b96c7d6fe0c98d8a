"""CleanRL's single files on worlds: run one of a checkout with a few words of it replaced.

python tests/foreign/cleanrl_runs.py FOLDER_OF_CLEANRL RUN [options of CleanRL]

`RUNS` names the runs, and says what is replaced: the environment, and what CleanRL, written for Gymnasium 0.29, reads
of the infos of newer ones. Nothing else changes. `WORLD` is the world that is trained in.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import gymnasium as gym

ID = "wm_gym:wm_gym/PointGoal-v0"
WORLD = {"backend": "memory_only", "world": "rooms/9", "resolution": (36, 48), "finer": 1, "max_episode_steps": 6}


def flat(env_id):
    """A world whose observation is one vector."""
    return gym.wrappers.FlattenObservation(gym.make(env_id, **WORLD))


def pixels(env_id):
    """A world whose observation is its frame."""
    env = gym.make(env_id, **WORLD)
    return gym.wrappers.TransformObservation(env, lambda seen: seen["rgb"], env.observation_space["rgb"])


def alone(makers):
    """Gymnasium's batch of single worlds, which tells last observations and statistics in the step that ends."""
    return gym.vector.SyncVectorEnv(makers, autoreset_mode="SameStep")


def native(makers):
    """As many worlds as one batch."""
    envs = gym.wrappers.vector.RecordEpisodeStatistics(gym.make_vec(ID, num_envs=len(makers), **WORLD))
    return gym.wrappers.vector.FlattenObservation(envs)


def core(infos):
    """The episodes that ended, as Gymnasium 0.29 told them."""
    over = infos.get("_final_info", infos.get("_episode"))
    told = infos.get("final_info", infos).get("episode")
    return [] if told is None else [{"episode": {key: told[key][n] for key in "rl"}} for n in over.nonzero()[0]]


WORLDS = SimpleNamespace(flat=flat, pixels=pixels, alone=alone, native=native, core=core)

INFOS = {
    '"final_info" in infos': "WORLDS.episodes(infos)",
    'infos["final_info"]': "WORLDS.episodes(infos)",
    '"final_observation"': '"final_obs"',
}
FLAT = {"gym.make(env_id)": "WORLDS.flat(env_id)", **INFOS}
ALONE = {"gym.vector.SyncVectorEnv": "WORLDS.alone"}
NATIVE = {"gym.vector.SyncVectorEnv": "WORLDS.native"}
PIXELS = {
    "gym.make(env_id)": "WORLDS.pixels(env_id)",
    "NoopResetEnv(env, noop_max=30)": "env",
    "MaxAndSkipEnv(env, skip=4)": "env",
    "EpisodicLifeEnv(env)": "env",
    '"FIRE" in env.unwrapped.get_action_meanings()': "False",
    "GrayScaleObservation": "GrayscaleObservation",
    "gym.wrappers.FrameStack(": "gym.wrappers.FrameStackObservation(",
    **INFOS,
}
RUNS = {
    "ppo": ("ppo.py", FLAT | ALONE),
    "ppo_native": ("ppo.py", FLAT | NATIVE),
    "ppo_atari": ("ppo_atari.py", PIXELS | ALONE),
    "dqn": ("dqn.py", FLAT | ALONE),
}
"""Name of a run: the file of CleanRL, and the words of it that are replaced."""


def main():
    """Run a file of CleanRL with its words replaced."""
    checkout, run, *options = sys.argv[1:]
    name, replaced = RUNS[run]
    path = Path(checkout).resolve() / "cleanrl" / name
    text = path.read_text()
    for old, new in replaced.items():
        text = text.replace(old, new)
    sys.path.insert(0, str(path.parents[1]))
    sys.argv = [str(path), "--env-id", ID, *options]
    main_module = sys.modules["__main__"]
    main_module.__file__ = str(path)
    exec(compile(text, str(path), "exec"), vars(main_module))


if __name__ == "__main__":
    main()
