import gymnasium as gym
import pytest

import wm_gym  # noqa: F401
from wm_gym.envs.wrappers import TruncateOnLowTrust


class TrustScript(gym.Env):
    """Shows one trust after another."""

    observation_space = action_space = gym.spaces.Discrete(2)

    def __init__(self, *trust):
        self.trust, self.at = trust, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        return 0, {"trust": 0.0}

    def step(self, action):
        self.at += 1
        return 0, 0.0, False, False, {"trust": self.trust[self.at - 1]}


def steps_of(*trust, **settings):
    env = TruncateOnLowTrust(TrustScript(*trust), **settings)
    env.reset()
    return [env.step(0)[3:] for _ in trust]


def test_an_episode_ends_when_trust_stays_under_the_bound():
    told = steps_of(0.9, 0.3, 0.6, 0.2, 0.1, least=0.5, steps=2)
    assert [over for over, _ in told] == [False, False, False, False, True]
    assert [info["low_trust_steps"] for _, info in told] == [0, 1, 0, 1, 2]


def test_trust_at_the_bound_is_enough():
    assert not steps_of(0.5, least=0.5, steps=1)[0][0]


def test_a_reset_counts_anew():
    env = TruncateOnLowTrust(TrustScript(0.1, 0.1), steps=2)
    for _ in range(2):
        env.reset()
        assert not env.step(0)[3]


def test_a_world_that_is_believed_goes_on():
    env = TruncateOnLowTrust(
        gym.make("wm_gym/Explore-v0", backend="memory_only", world="city/9", finer=1, resolution=(36, 48)), steps=1
    )
    env.reset(seed=0)
    assert not any(env.step(1)[3] for _ in range(3))
    env.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"least": 1.2}, "least must be within 0..1, got 1.2"),
        ({"least": "half"}, "least must be a finite number, got 'half'"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
    ],
)
def test_bounds_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError) as error:
        TruncateOnLowTrust(TrustScript(), **settings)
    assert str(error.value) == message
