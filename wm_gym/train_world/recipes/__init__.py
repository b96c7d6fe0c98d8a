"""Whole trainings, from recordings to weights."""
