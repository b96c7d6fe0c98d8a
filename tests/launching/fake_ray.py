"""Ray in this process: actors are objects, calls are made at once, and an actor dies where it raises `Death`."""

from types import ModuleType, SimpleNamespace


class Death(BaseException):
    """The end of an actor's process."""


class RayError(Exception):
    pass


class RayTaskError(RayError):
    def __init__(self, cause):
        super().__init__(str(cause))
        self.cause = cause


class RayActorError(RayError):
    pass


class Ref:
    def __init__(self, value=None, error=None):
        self.value, self.error = value, error


class Actor:
    def __init__(self, kind, arguments):
        self._it, self._is_dead = kind(*arguments), False

    def __getattr__(self, name):
        return SimpleNamespace(remote=lambda *arguments: self._call(name, arguments))

    def _call(self, name, arguments):
        if self._is_dead:
            return Ref(error=RayActorError("it is dead"))
        try:
            return Ref(getattr(self._it, name)(*arguments))
        except Death:
            self._is_dead = True
            return Ref(error=RayActorError("it died"))
        except Exception as error:
            return Ref(error=RayTaskError(error))


def get(refs):
    if isinstance(refs, list):
        return [get(ref) for ref in refs]
    if refs.error is not None:
        raise refs.error
    return refs.value


def fake_ray(cpus=4):
    """A module `ray` on a machine of so many processors; `actors` are all that were made, in order."""
    module, actors = ModuleType("ray"), []

    def remote(**options):
        def kind(made):
            def make(*arguments):
                actors.append(Actor(made, arguments))
                return actors[-1]

            return SimpleNamespace(remote=make)

        return kind

    module.__dict__.update(
        actors=actors, remote=remote, get=get, put=Ref, is_initialized=lambda: True,
        cluster_resources=lambda: {"CPU": float(cpus)},
        wait=lambda refs, num_returns=1, timeout=None: (refs[:num_returns], refs[num_returns:]),
        kill=lambda actor: setattr(actor, "_is_dead", True),
        exceptions=SimpleNamespace(
            RayError=RayError, RayTaskError=RayTaskError, RayActorError=RayActorError,
            ObjectLostError=type("ObjectLostError", (RayError,), {}),
            OutOfMemoryError=type("OutOfMemoryError", (RayError,), {}),
            WorkerCrashedError=type("WorkerCrashedError", (RayError,), {}),
        ),
    )  # fmt: skip
    return module
