# Tasks attach and call a function again and again, while the interpreter exits. Nothing has called `install`: they run on the
# drop-in's runtime, or on something that an object owns. The calls compute, let go of the GIL, or take 7 ms.
#
# variants: drop_in plain runtime-0.5 runtime-2 runtime-10 thread-0.5 thread-2 thread-10 tasks-0.5 tasks-2 tasks-10
# variants: heavy releasing 7ms
# runs: 3
# peer: no
# stdout: watching
import sys
import threading
import time

import stress_bare
from ending import end

owner, call = sys.argv[1:]
kind, _, timeout = owner.partition("-")
called = threading.Event()


def heavy():
    called.set()
    return {number: str(number) for number in range(2_000)}


def releasing():
    called.set()
    time.sleep(0.000_1)


def seven_milliseconds():
    called.set()
    over = time.monotonic() + 0.007
    while time.monotonic() < over:
        pass


calls = {"heavy": heavy, "releasing": releasing, "7ms": seven_milliseconds}
watcher = stress_bare.watch(kind, timeout, calls[call])
called.wait()
time.sleep(0.02)
print("watching")
end()
