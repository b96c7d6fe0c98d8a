"""Event kinds, scripts of events, and the language that starts and stops them.

Knows nothing of models or simulators.
"""
