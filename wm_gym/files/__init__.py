"""Atomic writes, checksummed tensor files, and videos. Knows nothing of what is written."""
