# A callback from Rust computes in pure Python, for longer than the program takes, when the interpreter exits.
#
# stdout: called
import threading

import stress
from ending import end

called = threading.Event()


def callback():
    called.set()
    while True:
        sum(range(100))


stress.call_every(callback, 50)
called.wait()
print("called")
end()
