"""Of the sweep: what its layers have in common. The files here are one module, `<sundown/sweep.py>`: this is its beginning.

A layer has `left()`, what there is to end; `end(until)`, which ends it, if there is anything, and has given up what is left when
it returns; and `before_close()`, called when the loop runs no more.
"""

from time import monotonic

#: The report has at most this many parts of a layer with the same outcome.
NAMED = 20


class Layer:
    """What the layers have in common."""

    name = None

    def __init__(self, sweep):
        self.sweep = sweep
        self.loop = sweep.loop
        #: For the report: each part's name, outcome, reason, exception, detail, and the seconds that it took.
        self.parts = []
        self.details = []
        self.counts = {}
        #: When it began, in seconds after the beginning of the sweep; how long it took.
        self.requested = None
        self.took = 0.0

    def add(self, name, outcome, reason=None, error=None, detail=None, ended=None):
        count = self.counts[outcome] = self.counts.get(outcome, 0) + 1
        if count <= NAMED:
            took = (ended or monotonic()) - self.sweep.start - (self.requested or 0.0)
            self.parts.append((name, outcome, reason, error, detail, took))

    def has_left(self):
        return bool(self.left())

    def before_close(self):
        pass

    def measured(self):
        return Measured(self)

    def for_report(self):
        more = [f"{count - NAMED} more {outcome}" for outcome, count in self.counts.items() if count > NAMED]
        return self.name, self.requested, self.took, self.details + more, self.parts


class Measured:
    """The time that a layer takes, in several rounds."""

    def __init__(self, layer):
        self.layer = layer

    def __enter__(self):
        self.begin = monotonic()
        if self.layer.requested is None:
            self.layer.requested = self.begin - self.layer.sweep.start

    def __exit__(self, *_):
        self.layer.took += monotonic() - self.begin


def set_done(future):
    if not future.done():
        future.set_result(None)


def is_among(thing, things):
    """By identity: of what has an `__eq__` of a user's, or cannot be hashed."""
    return any(thing is other for other in things)
