"""Sources of rewards that see only what a camera and a reader see: a learned head, a model that is asked.

How often they are wrong, the task itself tells (`auditing`).
"""
