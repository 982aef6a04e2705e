# A callback of Rust's sits in a call of C's that gave the GIL away, which the exit gives up; the call returns while the
# interpreter finalizes. When that is, is not known beforehand: some of the variants meet it.
#
# variants: 1.5 1.55 1.6 1.65 1.7 1.75 1.8 1.9 2.0
# variants: thread runtime-thread-pool tasks-own tasks-attached tasks-daemon
# peer: no
# stdout: called
# runs: 1
import sys
import threading
import time

import stress
from ending import end

_, seconds, place = sys.argv
called = threading.Event()


def sleeps():
    called.set()
    time.sleep(float(seconds))
    sum(range(1000))


# It has half a second, and the exit waits a second more.
owner = stress.Half(place, sleeps)
called.wait()
print("called")
end()
