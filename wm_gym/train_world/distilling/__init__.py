"""Teachers that sample, and students that are distilled from them: flow matching, rollouts, distribution matching."""
