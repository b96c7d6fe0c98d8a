import pytest
import yaml

from wm_gym.agents.rl.policy_file import PolicyCard, save_policy
from wm_gym.agents.rl.policy_network import NetworkSpec
from wm_gym.evaluation.trust.policies import Policy, default_policies, policies_in, read_policies


def test_policies_are_read_as_they_are_written():
    assert read_policies(["random", "half=noisy{share: 0.5, agent: wall_turner}"]) == [
        Policy("random", "random"),
        Policy("half", "noisy", {"share": 0.5, "agent": "wall_turner"}),
    ]


def test_policies_are_read_from_a_file(tmp_path):
    path = tmp_path / "policies.yaml"
    rows = [{"name": "a", "agent": "random", "tasks": ["explore"]}, {"name": "b", "agent": "wall_turner"}]
    path.write_text(yaml.safe_dump(rows))
    assert read_policies([str(path)]) == [Policy("a", "random", {}, ("explore",)), Policy("b", "wall_turner")]


@pytest.mark.parametrize(("task", "best"), [("point_goal", "goal_walker"), ("explore", "wall_turner")])
def test_the_default_policies_are_a_ladder_of_what_suits_the_task(task, best):
    policies = default_policies(task)
    assert policies[0].agent == best and len({policy.name for policy in policies}) == len(policies)
    assert sum(policy.agent == "noisy" for policy in policies) == 5
    assert all(policy.tasks == (task,) for policy in policies)


def test_a_policy_sees_what_its_worlds_show_it():
    assert Policy("a", "wall_turner").sees and Policy("b", "noisy", {"agent": "wall_turner"}).sees
    assert not Policy("c", "goal_walker").sees


def test_trained_policies_are_found_where_trainings_leave_them(tmp_path):
    needs = {"obs_mode": "sb3", "action_mode": "discrete", "resolution": [36, 48]}
    for name in ("ppo/policy", "dqn/policy", "old"):
        save_policy(tmp_path / name, PolicyCard("ppo", "avoid", needs, {}, NetworkSpec("categorical", 9)), {})
    found = policies_in(str(tmp_path))
    assert [policy.name for policy in found] == ["dqn", "old", "ppo"]
    assert all(policy.tasks == ("avoid",) and policy.sees for policy in found)
