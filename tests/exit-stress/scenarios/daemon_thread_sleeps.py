# Two daemon threads of Python's let go of the interpreter for a moment and want it back, again and again, also while it
# is finalized: no Rust frame is on their stacks.
#
# stdout: running
import threading
import time

import stress  # noqa: F401
from ending import end

running = threading.Barrier(3)


def work():
    running.wait()
    while True:
        time.sleep(50e-6)


for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
running.wait()
print("running")
end()
