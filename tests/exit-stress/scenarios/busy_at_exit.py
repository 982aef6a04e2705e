# An object's thread computes in Python, called by Rust, for longer than the object has to stop and than the exit takes:
# each kind of thread on which user code may run, at a class timeout (in seconds) that is shorter and longer than the
# exit's five.
#
# variants: worker blocking handle runtime-thread runtime-thread-pool tasks tasks-own thread
# variants: 0.5 2 10
# peer: no
# stdout: called
# seconds: 40
# runs: 1
import sys
import threading
import time

import stress
from ending import end

called = threading.Event()


def busy():
    called.set()
    over = time.monotonic() + 30
    while time.monotonic() < over:
        sum(range(1000))


_, place, timeout = sys.argv
owner = {"0.5": stress.Half, "2": stress.Two, "10": stress.Ten}[timeout](place, busy)
called.wait()
print("called")
end()
