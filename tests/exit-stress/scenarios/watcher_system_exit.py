# As in `watcher`, and one of the calls raises SystemExit: printed, it ends the process from the thread that it is raised on,
# once the main thread has ended (`threading._shutdown` waits for it).
#
# variants: drop_in plain runtime-0.5 runtime-2 runtime-10 thread-0.5 thread-2 thread-10 tasks-0.5 tasks-2 tasks-10
# runs: 5
# peer: no
# exit: 3
# stdout: watching
import itertools
import sys
import threading
import time

import stress_bare
from ending import end

kind, _, timeout = sys.argv[1].partition("-")
numbers = itertools.count()
raised = threading.Event()


def call():
    number = next(numbers)
    if number == 20:
        raised.set()
        sys.exit(3)
    return {number: str(number) for number in range(500)}


watcher = stress_bare.watch(kind, timeout, call)
raised.wait()
time.sleep(0.02)
print("watching", flush=True)
end()
# Two threads end the process: whichever is first.
sys.exit(3)
