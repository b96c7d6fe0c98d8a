"""The video world model: a causal, chunk-wise diffusion transformer with a KV cache.

One architecture, Wan's, whose size is a row of configuration. Knows nothing of simulators, tasks or training.
"""
