"""Worlds for others: a server of sessions, an environment that lives on one, and a page to play on."""
