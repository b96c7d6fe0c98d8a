"""Worlds over a wire: the server, its page, rollouts on many machines.

Knows nothing of agents or of scores.
"""
