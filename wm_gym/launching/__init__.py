"""Jobs given to workers, in this process or on a Ray cluster: results as they arrive, and what is lost made again.

Knows nothing of worlds: a job is any value, and a worker whatever has `do(job)` and `close()`.
"""
