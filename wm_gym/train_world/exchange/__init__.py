"""Recordings in the formats of others, both ways: LeRobot's data sets and Minari's."""
