"""Vision-language models as agents: a picture and a task go in, the keys of the next ten seconds come out.

Source: LingBot-World section 5.2. Knows nothing of how a world is made.
"""
