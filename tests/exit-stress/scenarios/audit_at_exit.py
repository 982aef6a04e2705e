# The report of the exit is printed, with what is still alive: threads that compute while it looks at them, one that has the
# lock of `threading`, and one that runs callbacks of Rust's.
#
# peer: no
# stdout: running
# stderr: exit of …still alive: …`holder`…not tracked by sundown; daemon, at …
import os
import threading
import time

import stress
from ending import end

os.environ["SUNDOWN_EXIT_REPORT"] = "1"
running = threading.Barrier(4)


def holds():
    with threading._active_limbo_lock:
        running.wait()
        time.sleep(60)


def computes():
    running.wait()
    while True:
        sum(range(100))


called = threading.Event()
stress.call_every(called.set, 50)
called.wait()
for name, target in [("first", computes), ("second", computes), ("holder", holds)]:  # who has the lock comes last
    threading.Thread(target=target, name=name, daemon=True).start()
running.wait()
print("running")
end()
