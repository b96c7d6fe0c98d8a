"""What a world opens on: named scenes, captures and images; a simulator only by its name.

Knows nothing of how frames are made.
"""
