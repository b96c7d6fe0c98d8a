import re

import pytest

from wm_gym.evaluation.trust.evaluating import EvalTrustConfig
from wm_gym.evaluation.trust.policies import policies_in, read_policies


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (["a=b=c"], "a policy must be written name=agent{settings}, or be a YAML file of them, got 'a=b=c'"),
        (["a=radnom"], "agent must be one of .*, got 'radnom'; did you mean 'random'?"),
        (["a=noisy{shaer: 1}"], "settings of agent 'noisy' must be among .*, got 'shaer'; did you mean 'share'?"),
        (["a=random", "a=wall_turner"], "policies must have names of their own, got 'a' twice"),
        (["missing.yaml"], "policies must be a YAML file that can be read, got 'missing.yaml': .*"),
        (["a/b=random"], "name of a policy must be text without a slash, got 'a/b'"),
    ],
)
def test_policies_that_are_none_are_refused(written, message):
    pattern = ".*".join(re.escape(part) for part in message.split(".*"))
    with pytest.raises(ValueError, match=f"^{pattern}$"):
        read_policies(written)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a", "{path} must hold a list of rows with a name and an agent, got dict"),
        ("- {name: a}", "a policy in {path} must have a name and an agent, got ['name']"),
        ("- {name: a, agnet: b}", "a policy in {path} must be among ['name', 'agent', 'agent_settings', 'tasks'], "
         "got 'agnet'; did you mean 'agent'?"),
    ],
)  # fmt: skip
def test_files_of_policies_that_are_none_are_refused(text, message, tmp_path):
    path = tmp_path / "policies.yaml"
    path.write_text(text)
    with pytest.raises(ValueError) as error:
        read_policies([str(path)])
    assert str(error.value) == message.replace("{path}", str(path))


def test_a_folder_without_policies_is_refused(tmp_path):
    message = f"policies_folder must hold folders of trained policies, got none in {str(tmp_path)!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        policies_in(str(tmp_path))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"episodes": 1}, "episodes must be at least 2, got 1"),
        ({"num_envs": 0}, "num_envs must be at least 1, got 0"),
        ({"tasks": []}, "tasks must name at least one task, got none"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError) as error:
        EvalTrustConfig(**settings)
    assert str(error.value) == message


def test_a_task_needs_two_policies():
    message = "policies for task 'explore' must be at least 2, got ['random']"
    with pytest.raises(ValueError, match=re.escape(message)):
        EvalTrustConfig(policies=["random"], tasks=["explore"]).rows()


def test_a_policy_must_be_for_a_task_that_is_played(tmp_path):
    path = tmp_path / "policies.yaml"
    path.write_text("- {name: a, agent: random, tasks: [avoid]}")
    message = "policy 'a' must be for one of the tasks ['explore'], got ['avoid']"
    with pytest.raises(ValueError, match=re.escape(message)):
        EvalTrustConfig(policies=[str(path)], tasks=["explore"]).rows()
