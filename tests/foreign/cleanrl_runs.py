"""CleanRL's single files on worlds: which of its lines are replaced, and by what.

python tests/foreign/cleanrl_runs.py FOLDER_OF_CLEANRL ppo OUTPUT.py

writes `cleanrl/ppo.py` of a checkout with the lines below replaced. Nothing else of it changes. What is replaced is the
environment, and what CleanRL (written for Gymnasium 0.29) reads of the infos of newer ones.
"""

import sys
from pathlib import Path

MAKE = 'gym.make(env_id, backend="memory", world="rooms/9", resolution=(36, 48), finer=1, max_episode_steps=6)'
FLAT = {"            env = gym.make(env_id)\n": f"            env = gym.wrappers.FlattenObservation({MAKE})\n"}
PIXELS = {
    "            env = gym.make(env_id)\n": f"            env = {MAKE}\n"
    '            only = env.observation_space["rgb"]\n'
    '            env = gym.wrappers.TransformObservation(env, lambda seen: seen["rgb"], only)\n'
}
NO_ATARI = {
    "        env = NoopResetEnv(env, noop_max=30)\n": "",
    "        env = MaxAndSkipEnv(env, skip=4)\n": "",
    "        env = EpisodicLifeEnv(env)\n": "",
    '        if "FIRE" in env.unwrapped.get_action_meanings():\n': "",
    "            env = FireResetEnv(env)\n": "",
    "gym.wrappers.GrayScaleObservation(env)": "gym.wrappers.GrayscaleObservation(env)",
    "gym.wrappers.FrameStack(env, 4)": "gym.wrappers.FrameStackObservation(env, 4)",
}
SAME_STEP = {
    "for i in range(args.num_envs)],\n": "for i in range(args.num_envs)],\n        autoreset_mode='SameStep',\n",
    "for i in range(args.num_envs)]\n": "for i in range(args.num_envs)],\n        autoreset_mode='SameStep',\n",
    'for info in infos["final_info"]:': "for info in wm_gym_episodes(infos):",
    "import gymnasium as gym\n": "import gymnasium as gym\n\n\n"
    "def wm_gym_episodes(infos):\n"
    '    told, over = infos["final_info"]["episode"], infos["_final_info"]\n'
    '    return [{"episode": {k: told[k][n] for k in "rl"}} for n in over.nonzero()[0]]\n\n\n',
    'infos["final_observation"]': 'infos["final_obs"]',
}
BATCH = """    envs = gym.vector.SyncVectorEnv(
        [make_env(args.env_id, i, args.capture_video, run_name) for i in range(args.num_envs)],
    )
"""
OURS = """    envs = gym.make_vec(
        args.env_id, args.num_envs, backend="memory", world="rooms/9", resolution=(36, 48), finer=1, max_episode_steps=6
    )
    envs = gym.wrappers.vector.FlattenObservation(gym.wrappers.vector.RecordEpisodeStatistics(envs))
"""
LAST = {
    "            next_done = np.logical_or(terminations, truncations)\n": """            next_done = np.logical_or(terminations, truncations)
            if "episode" in infos:
                print("episodic_return=", infos["episode"]["r"])
"""
}
NATIVE = {BATCH: OURS, **LAST}

RUNS = {
    "ppo": ("ppo.py", {**FLAT, **SAME_STEP}),
    "ppo_native": ("ppo.py", NATIVE),
    "ppo_atari": ("ppo_atari.py", {**PIXELS, **NO_ATARI, **SAME_STEP}),
    "dqn": ("dqn.py", {**FLAT, **SAME_STEP}),
}
"""Name of a run: the file of CleanRL, and its lines that are replaced."""


def rewrite(cleanrl, run):
    """The text of a file of CleanRL with its lines replaced."""
    name, replacements = RUNS[run]
    text = (Path(cleanrl) / "cleanrl" / name).read_text()
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text


if __name__ == "__main__":
    cleanrl, run, output = sys.argv[1:]
    Path(output).write_text(rewrite(cleanrl, run))
