# A callback of Rust's that does not simply compute, on a thread of a class with half a second to stop, when the program
# ends. None of them lets the process abort; what cannot be made to stop is parked, or is in a call that does not return.
#
# variants: swallows cleans-up blocks sleeps waits-in-rust recurses holds-gil starts-threads exits forks twice two-modules
# variants: blocking thread
# peer: no
# stdout: called
# seconds: 40
# runs: 1
import os
import sys
import threading
import time
import warnings

import stress
import stress_too
from ending import end

warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
called = threading.Event()
over = time.monotonic() + 30


def busy():
    called.set()
    while time.monotonic() < over:
        sum(range(1000))


def swallows():
    called.set()
    while time.monotonic() < over:
        try:
            sum(range(1000))
        except BaseException:
            pass


def cleans_up():
    try:
        busy()
    finally:
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            sum(range(100))


def blocks():
    lock = threading.Lock()
    lock.acquire()
    called.set()
    lock.acquire()


def sleeps():
    called.set()
    time.sleep(60)


def waits_in_rust():
    called.set()
    while True:
        try:
            stress.block_on(10)
        except Exception:
            pass


def recurses():
    called.set()
    try:
        recurses()
    except RecursionError:
        busy()


def holds_gil():
    called.set()
    while time.monotonic() < over:
        sum(range(10**7))


def starts_threads():
    while time.monotonic() < over:
        stress.detached_thread(busy)
        time.sleep(0.05)


def exits():
    try:
        busy()
    finally:
        sys.exit(3)


def forks():
    busy()


def twice():
    stress.detached_thread(busy)
    swallows()


two_modules = busy
_, what, place = sys.argv
owners = [stress.Half(place, globals()[what.replace("-", "_")])]
if what == "two-modules":
    owners.append(stress_too.Half(place, busy))
called.wait()
if what == "forks":
    pid = os.fork()
    if pid == 0:
        sys.exit(7)
    _, status = os.waitpid(pid, 0)
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 7, status
print("called")
end()
