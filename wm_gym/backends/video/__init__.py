"""The video world model: a causal, chunk-wise diffusion transformer with a KV cache, from tiny to 14B.

One architecture, Wan's, with rows of configuration. Knows nothing of simulators, tasks or training.
"""
