"""Agents are named rows, imported when named; an outside agent is "package.module:Class"."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from wm_gym.agents.agent import Agent
from wm_gym.choices import check_known, find_class
from wm_gym.envs.vector_env import WorldVectorEnv

AGENTS: dict[str, str] = {
    "random": "wm_gym.agents.scripted:RandomAgent",
    "wall_turner": "wm_gym.agents.scripted:WallTurner",
    "goal_walker": "wm_gym.agents.scripted:GoalWalker",
    "explorer": "wm_gym.agents.scripted:ExplorerAgent",
    "noisy": "wm_gym.agents.noisy:NoisyAgent",
    "policy": "wm_gym.agents.rl.policy_agent:PolicyAgent",
    "planner": "wm_gym.agents.planner:PlannerAgent",
    "vlm": "wm_gym.agents.vlm.agent:VLMAgent",
}
"""Name to "module:Class"."""


def find_agent(name: str, settings: Mapping[str, Any] | None = None) -> type[Agent]:
    """The class of that name, which takes these settings.

    Args:
        name: A key of `AGENTS`, or "package.module:Class" of a class that derives from `Agent`.
        settings: Keyword arguments of the class, beside the worlds.

    Raises:
        ValueError: If the name is unknown or names no agent, or a setting is unknown.
        ImportError: If the agent needs something that is not installed.
    """
    agent_class = find_class("agent", name, AGENTS)
    if not (isinstance(agent_class, type) and issubclass(agent_class, Agent)):
        raise ValueError(f"agent {name!r} must name a class derived from wm_gym.agents.agent.Agent, got {agent_class}")
    parameters = list(inspect.signature(agent_class).parameters.values())[1:]
    if not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters):
        check_known(f"settings of agent {name!r}", settings or {}, [one.name for one in parameters])
    return agent_class


def make_agent(name: str, env: WorldVectorEnv, settings: Mapping[str, Any] | None = None) -> Agent:
    """An agent in worlds that show what it needs.

    Raises:
        ValueError: As `find_agent`, or if a setting is of the wrong kind.
    """
    agent_class = find_agent(name, settings)
    try:
        return agent_class(env, **settings or {})
    except TypeError as error:
        raise ValueError(f"settings of agent {name!r}: {error}") from error
