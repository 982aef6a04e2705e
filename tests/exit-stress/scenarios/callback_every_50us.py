# Rust calls a Python function every 50 microseconds, also while the interpreter exits.
#
# stdout: called
import threading

import stress
from ending import end

called = threading.Event()


def callback():
    called.set()


stress.call_every(callback, 50)
called.wait()
print("called")
end()
