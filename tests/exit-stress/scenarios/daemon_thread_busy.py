# Two daemon threads of Python's compute in pure Python when the program ends: no Rust frame is on their stacks.
#
# stdout: running
import threading

import stress  # noqa: F401
from ending import end

running = threading.Barrier(3)


def work():
    running.wait()
    while True:
        sum(range(100))


for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
running.wait()
print("running")
end()
