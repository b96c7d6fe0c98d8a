"""A pool whose workers are lost by a script, and a worker that squares."""

import random

from wm_gym.launching.pool import Message


class Squares:
    def do(self, job):
        return job**2

    def close(self):
        pass


class FragilePool:
    """Workers of this process that answer in any order; jobs of some submissions are lost with who does them."""

    def __init__(self, worker, workers, lost=(), seed=0):
        self.worker, self.lost, self.chance = worker, set(lost), random.Random(seed)
        self.messages = [Message(number, "ready") for number in range(workers)]
        self.done, self.renewed = [], 0

    def submit(self, worker, job):
        is_lost = len(self.done) in self.lost
        self.done.append(job)
        self.messages.append(Message(worker, "lost") if is_lost else Message(worker, "done", self.worker.do(job)))

    def wait(self):
        return self.messages.pop(self.chance.randrange(len(self.messages)))

    def renew(self, worker):
        self.renewed += 1
        self.messages.append(Message(worker, "ready"))

    def close(self):
        self.worker.close()
