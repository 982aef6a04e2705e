# As in `watcher`, and once the main thread has ended the calls raise SystemExit: printed, as `PyErr_Print` does, it ends the
# process too, from the thread that it is raised on. Of two threads that finalize the interpreter the second must not go on.
# (While the main thread still runs Python code a thread cannot end the process like that: CPython 3.14 and 3.15 crash, without
# any extension module.)
#
# variants: drop_in plain runtime-0.5 runtime-2 runtime-10 thread-0.5 thread-2 thread-10 tasks-0.5 tasks-2 tasks-10
# runs: 3
# peer: no
# exit: 3
# stdout: watching
import os
import sys
import threading
import time

import stress_bare
from ending import end

os.environ["SUNDOWN_EXIT_TIMEOUT"] = "1"  # seconds: one of the two waits for the other
kind, _, timeout = sys.argv[1].partition("-")
called = threading.Event()
over = False


def call():
    called.set()
    if over:
        sys.exit(3)
    return {number: str(number) for number in range(500)}


watcher = stress_bare.watch(kind, timeout, call)
called.wait()
time.sleep(0.02)
print("watching", flush=True)
end()
over = True
sys.exit(3)
