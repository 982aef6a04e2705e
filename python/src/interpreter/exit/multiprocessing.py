"""The end of a child that multiprocessing has forked, up to Python 3.12: by `os._exit`, without the `atexit` functions.

What it calls are the functions of `multiprocessing.util.Finalize`, when the work is done. A child that was spawned is a process
like others, and calls the `atexit` functions.
"""

import threading
from multiprocessing import get_start_method, parent_process, util

#: After all of multiprocessing's own, which have -100 and more.
LAST = -1_000_000

#: What is to be called at the end of this process's children, which `multiprocessing.util` knows weakly.
kept = []


class End:
    def __init__(self, stage_two):
        self.stage_two = stage_two

    def __call__(self):
        # As multiprocessing does next. Called a second time it does nothing.
        threading._shutdown()
        self.stage_two()

    def register(self):
        if get_start_method(allow_none=True) != "spawn":
            util.Finalize(None, self, exitpriority=LAST)


def in_child(stage_two):
    """In a child, whatever has forked it: multiprocessing calls `register` when it has cleared what its parent had
    registered."""
    end = End(stage_two)
    kept.append(end)
    util.register_after_fork(end, End.register)
    return end


def at_import(stage_two):
    """In a process that may be a child already, or about to become one: what a forkserver's child is to call is unpickled
    before, and imports the module."""
    end = in_child(stage_two)
    if parent_process() is not None:
        end.register()
