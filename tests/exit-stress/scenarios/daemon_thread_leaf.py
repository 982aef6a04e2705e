# Two daemon threads of Python's call a Rust function that detaches for a millisecond and attaches again, again and again,
# also while the interpreter is finalized: their Rust frames have Python frames below them and none above.
#
# stdout: running
import contextlib
import threading

import stress
from ending import end

running = threading.Barrier(3)


def work():
    running.wait()
    # Sundown refuses it when the exit has begun.
    with contextlib.suppress(RuntimeError):
        while True:
            stress.block_on(1)


for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
running.wait()
print("running")
end()
